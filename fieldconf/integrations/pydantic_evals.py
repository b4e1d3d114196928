"""Pydantic Evals: an evaluator whose scores and labels are the confidences and outcomes of a run.

In:    what the task of a dataset returned: the run of an agent (``AgentRunResult``), or any
       response; or the report that the task kept (``keep``).
Out:   a score for each field and for the whole answer, and a label for each outcome.
Never: a score for a confidence that is not known; a request.
Why:   an evaluation shows which cases are wrong; beside it stands where the model was unsure.

An evaluator is given the value that the task returned, and the spans of the run. Spans hold no
logprobs, and neither does ``result.output``. So the task returns the run itself, or it keeps the
report.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from fieldconf.errors import MissingPackageError, PayloadError
from fieldconf.policy import PolicyLike
from fieldconf.report import Report
from fieldconf.scoring.scorer import score

try:
    from pydantic_evals import set_eval_attribute
    from pydantic_evals.evaluators import EvaluationReason, Evaluator, EvaluatorContext
except ImportError:
    raise MissingPackageError(__name__, "pydantic-evals") from None

_KEPT = "fieldconf.report"


def keep(report: Report[Any]) -> None:
    """Keep a report for the evaluator; call it in a task that returns the value alone.

    It is an attribute of the case from then on, as plain JSON values. Outside of an evaluation it
    does nothing.
    """
    set_eval_attribute(_KEPT, report.to_dict())


@dataclass
class FieldConfidence(Evaluator[Any, Any, Any]):
    """How sure the model was: of the whole answer ("confidence", "outcome") and of each field.

    Attributes:
        schema: what the answer was read by: a pydantic model or a JSON Schema. None: the type of
            the run's output.
        policy: by which limits the outcomes are given; see ``fieldconf.Policy``.
        fields: whether each scalar and list has a score and a label of its own, with its pointer
            behind the name: "confidence /team".

    Example:
        >>> import asyncio
        >>> from pydantic_evals import Case, Dataset
        >>> entry = {"token": '{"urgent": true}', "logprob": -0.1}
        >>> choice = {"message": {"content": entry["token"]}, "logprobs": {"content": [entry]}}
        >>> dataset = Dataset(name="d", cases=[Case(inputs="x")], evaluators=[FieldConfidence()])
        >>> run = dataset.evaluate(lambda text: {"choices": [choice]}, progress=False)
        >>> result = asyncio.run(run)
        >>> round(result.cases[0].scores["confidence /urgent"].value, 3)
        0.905
    """

    schema: Any = None
    policy: PolicyLike | None = None
    fields: bool = True

    def evaluate(self, ctx: EvaluatorContext[Any, Any, Any]) -> Mapping[str, Any]:
        """The confidences as scores, the outcomes as labels; see the class.

        Raises:
            PayloadError: if the task returned no response; the remedy says what to return.
        """
        report = self._report(ctx)
        results: dict[str, Any] = {
            "outcome": EvaluationReason(report.outcome, report.reason or None)
        }
        if report.confidence is not None:
            results["confidence"] = report.confidence
        for name, verdict in report.verdicts.items() if self.fields else ():
            reasons = "; ".join(reason.sentence for reason in verdict.reasons) or None
            results[f"outcome {name or '(whole)'}"] = EvaluationReason(verdict.outcome, reasons)
            confidence = report.fields[name].confidence
            if confidence is not None:
                results[f"confidence {name or '(whole)'}"] = confidence
        return results

    def _report(self, ctx: EvaluatorContext[Any, Any, Any]) -> Report[Any]:
        kept = ctx.attributes.get(_KEPT)
        if kept is not None:
            return Report.from_dict(kept, self.schema).with_policy(self.policy)
        schema: Any = self.schema
        if schema is None and hasattr(ctx.output, "all_messages"):  # the run of an agent
            schema = cast("Any", type(ctx.output.output))
        try:
            return score(ctx.output, schema, policy=self.policy)
        except PayloadError as error:
            raise PayloadError(
                f"The task returned {type(ctx.output).__name__}, which holds no response",
                remedy="Return the run (agent.run_sync(...)), not its output, or call keep(report)",
            ) from error
