"""The evaluator of ``fieldconf.integrations.pydantic_evals``, with real agents and datasets."""

import asyncio
import sys

import openai
import pytest
from compared import Ticket, client
from replay import replaying
from wire_samples import sample

import fieldconf as fc
from fieldconf.errors import MissingPackageError

PAYLOAD = sample("openai_chat")
POLICY = {"accept": 0.99, "review": 0.1}
EXPECTED = fc.score(PAYLOAD, Ticket, policy=POLICY)


@pytest.fixture
def integration():
    client("pydantic_evals")
    from fieldconf.integrations import pydantic_evals

    return pydantic_evals


def evaluated(task, evaluator):
    """The case of a dataset with one case."""
    from pydantic_evals import Case, Dataset

    dataset = Dataset(name="tickets", cases=[Case(inputs="hi")], evaluators=[evaluator])
    report = asyncio.run(dataset.evaluate(task, progress=False))
    assert not report.failures
    return report.cases[0]


def ask(server, use):
    """A task that asks an agent on OpenAI's Chat, and returns what ``use`` makes of the run."""
    from pydantic_ai import Agent, NativeOutput
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    async def task(text):
        address = {"base_url": server.base_url, "api_key": "none", "max_retries": 0}
        async with openai.AsyncOpenAI(**address) as connected:
            agent = Agent(
                OpenAIChatModel("gpt-4o", provider=OpenAIProvider(openai_client=connected)),
                output_type=NativeOutput(Ticket),
                model_settings={"openai_logprobs": True, "openai_top_logprobs": 5},
            )
            return use(await agent.run(text))

    return task


def assert_confidences_of(case, expected):
    """Scores are exactly the confidences that are known, labels exactly the outcomes."""
    fields = {f"confidence {name}": expected.fields[name].confidence for name in expected.verdicts}
    assert {name: score.value for name, score in case.scores.items()} == {
        "confidence": expected.confidence, **fields,
    }  # fmt: skip
    outcomes = {f"outcome {name}": verdict.outcome for name, verdict in expected.verdicts.items()}
    assert {name: label.value for name, label in case.labels.items()} == {
        "outcome": expected.outcome, **outcomes,
    }  # fmt: skip


def test_the_run_of_an_agent_is_evaluated(integration):
    client("pydantic_ai")
    with replaying(PAYLOAD) as server:
        case = evaluated(ask(server, lambda run: run), integration.FieldConfidence(policy=POLICY))
    assert_confidences_of(case, EXPECTED)
    assert case.output.output == Ticket(urgent=True, team="billing")
    unsure = next(name for name, verdict in EXPECTED.verdicts.items() if verdict.reasons)
    reason = case.labels[f"outcome {unsure}"].reason
    assert reason == "; ".join(each.sentence for each in EXPECTED.verdicts[unsure].reasons)


def test_a_task_that_returns_the_value_keeps_the_report(integration):
    client("pydantic_ai")

    def use(run):
        integration.keep(fc.score(run, Ticket))
        return run.output

    with replaying(PAYLOAD) as server:
        evaluator = integration.FieldConfidence(schema=Ticket, policy=POLICY)
        case = evaluated(ask(server, use), evaluator)
    assert_confidences_of(case, EXPECTED)
    assert case.output == Ticket(urgent=True, team="billing")


def test_a_response_of_any_client_is_evaluated(integration):
    evaluator = integration.FieldConfidence(schema=Ticket, policy=POLICY)
    assert_confidences_of(evaluated(lambda text: PAYLOAD, evaluator), EXPECTED)


def test_the_answer_alone_is_evaluated_if_fields_are_not_wanted(integration):
    evaluator = integration.FieldConfidence(schema=Ticket, fields=False)
    case = evaluated(lambda text: PAYLOAD, evaluator)
    assert {*case.scores} == {"confidence"}
    assert {*case.labels} == {"outcome"}


def test_what_is_not_known_has_no_score(integration):
    payload = {**PAYLOAD, "choices": [{**PAYLOAD["choices"][0], "logprobs": None}]}
    case = evaluated(lambda text: payload, integration.FieldConfidence(schema=Ticket))
    assert not case.scores
    assert case.labels["outcome"].value == "reject"
    assert case.labels["outcome"].reason == fc.score(payload, Ticket).reason


def test_a_task_that_returns_the_value_alone_is_told_what_to_return(integration):
    case = evaluated(
        lambda text: Ticket(urgent=True, team="billing"), integration.FieldConfidence()
    )
    (failure,) = case.evaluator_failures
    assert "The task returned Ticket, which holds no response. Return the run" in str(failure)


def test_the_spans_of_a_run_have_no_logprobs(integration):
    """Why the evaluator does not look there."""
    pydantic_ai = client("pydantic_ai")
    spans = pytest.importorskip("opentelemetry.sdk.trace")
    export = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter")
    simple = pytest.importorskip("opentelemetry.sdk.trace.export")
    exporter = export.InMemorySpanExporter()
    provider = spans.TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(simple.SimpleSpanProcessor(exporter))
    settings = pydantic_ai.agent.InstrumentationSettings(tracer_provider=provider)
    pydantic_ai.Agent.instrument_all(settings)
    try:
        with replaying(PAYLOAD) as server:
            asyncio.run(ask(server, lambda run: run)("hi"))
    finally:
        pydantic_ai.Agent.instrument_all(False)
    texts = [repr(span.attributes) for span in exporter.get_finished_spans()]
    assert any("billing" in text for text in texts)
    assert not any("logprob" in text for text in texts)


def test_without_pydantic_evals_the_error_names_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pydantic_evals", None)
    monkeypatch.delitem(sys.modules, "fieldconf.integrations.pydantic_evals", raising=False)
    with pytest.raises(MissingPackageError, match=r"pip install pydantic-evals$"):
        import fieldconf.integrations.pydantic_evals  # noqa: F401
