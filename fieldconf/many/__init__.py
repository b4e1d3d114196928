"""Many: one question over many inputs, a bounded number of them at a time.

In:    a schema, any number of inputs, a client, options.
Out:   a result for each input, in the order of the inputs; a file that can be gone on with.
Never: a run ended by one input that failed; an answer that was paid for and is lost.
Why:   everybody writes this loop by hand, and most lose what was there when it breaks.

``extract_many`` has the public functions. ``input_items`` and ``input_readers`` read the inputs;
``keys`` says which stored answer belongs to which input. ``work`` processes one input;
``thread_runner`` and ``task_runner`` run many at a time. ``journal`` keeps results on disk,
``output_lines`` writes and reads them as JSON; ``progress`` shows how many are done.
"""
