"""Many: one question over many inputs, a bounded number of them at a time.

In:    a schema, any number of inputs, a client, options.
Out:   a result for each input, in the order of the inputs; a file with which a run can resume.
Never: a run ended by one input that failed; a paid answer lost.
Why:   a loop written by hand usually loses its answers when it breaks.

``extract_many`` has the public functions. ``input_items`` and ``input_readers`` read the inputs;
``keys`` says which stored answer belongs to which input. ``work`` processes one input;
``thread_runner`` and ``task_runner`` run many at a time. ``journal`` keeps results on disk,
``output_lines`` writes and reads them as JSON; ``progress`` shows how many are done.
"""
