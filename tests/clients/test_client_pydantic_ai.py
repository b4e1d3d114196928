"""pydantic-ai: results, responses and messages of an agent are scored as the payload."""

import asyncio

import openai
import pytest
from compared import Ticket, assert_scored_as, client
from replay import origin, replaying
from wire_samples import sample

pytestmark = [
    # google-genai, where aiohttp is installed
    pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning"),
]

OPENAI = {"openai_logprobs": True, "openai_top_logprobs": 5}
GOOGLE = {"google_logprobs": True, "google_top_logprobs": 5}


@pytest.fixture(scope="module")
def pydantic_ai():
    return client("pydantic_ai")


def agent(model, settings):
    from pydantic_ai import Agent, NativeOutput

    return Agent(model, output_type=NativeOutput(Ticket), model_settings=settings)


async def with_openai(server, kind, use):
    """What ``use`` makes of an agent on OpenAI's ``kind`` of model."""
    from pydantic_ai.models import openai as models
    from pydantic_ai.providers.openai import OpenAIProvider

    address = {"base_url": server.base_url, "api_key": "none", "max_retries": 0}
    async with openai.AsyncOpenAI(**address) as connected:
        model = getattr(models, kind)("gpt-4o", provider=OpenAIProvider(openai_client=connected))
        return await use(agent(model, OPENAI))


async def with_google(server, use):
    """What ``use`` makes of an agent on Gemini."""
    from google import genai
    from pydantic_ai.models.google import GoogleModel
    from pydantic_ai.providers.google import GoogleProvider

    with genai.Client(api_key="none", http_options={"base_url": origin(server)}) as connected:
        async with connected.aio:
            provider = GoogleProvider(client=connected)
            return await use(agent(GoogleModel("gemini-2.5-flash", provider=provider), GOOGLE))


async def run(asked):
    return await asked.run("hi")


async def streamed(asked):
    async with asked.run_stream("hi") as result:
        assert await result.get_output() == Ticket(urgent=True, team="billing")
        return result.response


def assert_result_scored_as(result, payload):
    assert result.output == Ticket(urgent=True, team="billing")
    assert_scored_as(result.response, payload)
    assert_scored_as(result, payload)
    assert_scored_as(result.all_messages(), payload)
    assert_scored_as(result.all_messages_json(), payload)


@pytest.mark.parametrize(
    ("kind", "name"),
    [("OpenAIChatModel", "openai_chat"), ("OpenAIResponsesModel", "openai_responses")],
)
def test_a_result_its_response_and_its_messages_are_scored_as_openais_payload(
    pydantic_ai, kind, name
):
    with replaying(sample(name)) as server:
        result = asyncio.run(with_openai(server, kind, run))
    assert_result_scored_as(result, sample(name))


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("OpenAIChatModel", "openai_chat_stream"),
        ("OpenAIResponsesModel", "openai_responses_stream"),
    ],
)
def test_a_streamed_response_is_scored_as_the_chunks(pydantic_ai, kind, name):
    with replaying(stream=sample(name)) as server:
        response = asyncio.run(with_openai(server, kind, streamed))
    assert_scored_as(response, sample(name))


@pytest.mark.parametrize("name", ["gemini", "gemini_chosen_only"])
def test_a_result_its_response_and_its_messages_are_scored_as_geminis_payload(pydantic_ai, name):
    with replaying(sample(name)) as server:
        result = asyncio.run(with_google(server, run))
    assert_result_scored_as(result, sample(name))
