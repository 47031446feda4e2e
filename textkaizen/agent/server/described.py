"""The OpenAPI description of what is sent and answered: schemas and examples, as plain values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textkaizen.agent.server.problems import MEDIA_TYPE
from textkaizen.agent.server.reading import CONVERSATION_CHARACTERS
from textkaizen.agent.server.service import MOST_LABELS
from textkaizen.agent.server.settings import Settings

Values = dict[str, Any]
ABOUT = (
    "Labels and answers texts. A text is sent as JSON; whatever is wrong with a request is told "
    "by its status and a short problem (RFC 9457)."
)
HASH = "7d" * 32
ID = "5f2b8c0d9e1a47b3c6d80f12"
PROBABILITY: Values = {"type": "number", "minimum": 0, "maximum": 1}
STRING: Values = {"type": "string"}
BEST = [
    {"label": "opening_hours", "probability": 0.93},
    {"label": "location", "probability": 0.04},
    {"label": "events", "probability": 0.01},
]
WHY = {
    400: "The body is not JSON.",
    401: "The token is missing or wrong.",
    403: "The request comes from another site's page.",
    404: "There is no reply of this id.",
    408: "The body did not come in time.",
    413: "The body is too large.",
    415: "The body is of another type.",
    421: "The server does not go by this name.",
    422: "The JSON is not of this form.",
    429: "Too many requests; Retry-After says when to come again.",
    500: "A mistake of the server's own.",
    503: "There was no answer in time.",
}


def _object(needed: Values, optional: Values | None = None) -> Values:
    return {
        "type": "object",
        "properties": {**needed, **(optional or {})},
        "required": list(needed),
        "additionalProperties": False,
    }


def _text(settings: Settings) -> Values:
    return {"type": "string", "minLength": 1, "maxLength": settings.characters}


LABELLED = _object({"label": STRING, "probability": PROBABILITY})
LISTED = {"type": "array", "items": LABELLED, "minItems": 1}


def reply(settings: Settings) -> Values:
    """Describe `POST /v1/reply`."""
    name = {"type": "string", "minLength": 1, "maxLength": CONVERSATION_CHARACTERS}
    asked = _object({"text": _text(settings)}, {"conversation": name})
    nothing: Values = {"type": "null"}
    pair = {"type": "array", "items": STRING, "minItems": 2, "maxItems": 2}
    answer = _object(
        {
            "id": STRING,
            "reply": STRING,
            "label": {"anyOf": [STRING, nothing]},
            "best": LISTED,
            "between": {"anyOf": [pair, nothing]},
            "model": STRING,
        }
    )
    example = {
        "id": ID,
        "reply": "We are open from 9 to 18.",
        "label": "opening_hours",
        "best": BEST,
        "between": None,
        "model": HASH,
    }
    sent = {"text": "When do you open?", "conversation": "c1"}
    return _posted("Answer a text", (asked, {"one text": sent}), (answer, example))


def predict(settings: Settings) -> Values:
    """Describe `POST /v1/predict`."""
    many = {"type": "array", "items": _text(settings), "minItems": 1, "maxItems": settings.texts}
    top_k = {"type": "integer", "minimum": 1, "maximum": MOST_LABELS}
    forms = [
        _object({"text": _text(settings)}, {"top_k": top_k}),
        _object({"texts": many}, {"top_k": top_k}),
    ]
    one = _object({"label": STRING, "probability": PROBABILITY, "best": LISTED})
    answer = _object({"predictions": {"type": "array", "items": one}, "model": STRING})
    examples = {
        "one text": {"text": "When do you open?", "top_k": 3},
        "many texts": {"texts": ["When do you open?", "Where is the exit?"]},
    }
    example = {"predictions": [{**BEST[0], "best": BEST}], "model": HASH}
    return _posted("Label texts", ({"oneOf": forms}, examples), (answer, example))


def why(settings: Settings) -> Values:
    """Describe `POST /v1/why`."""
    word = _object({"word": STRING, "contribution": {"type": "number"}})
    answer = _object({"label": STRING, "words": {"type": "array", "items": word}, "model": STRING})
    words = [{"word": "open", "contribution": 2.1}, {"word": "do", "contribution": -0.2}]
    example = {"label": "opening_hours", "words": words, "model": HASH}
    sent = {"text": "When do you open?"}
    asked = _object({"text": _text(settings)})
    about = "Tell the words that decided"
    return _posted(about, (asked, {"one text": sent}), (answer, example))


def feedback(_settings: Settings) -> Values:
    """Describe `POST /v1/feedback`."""
    name = {"type": "string", "minLength": 1, "maxLength": CONVERSATION_CHARACTERS}
    form = _object({"id": name, "thumb": {"type": "string", "enum": ["up", "down"]}})
    example = {"id": ID, "thumb": "up"}
    about = "Say whether a reply was good"
    return _posted(about, (form, {"a thumb": example}), (form, example), 404)


def model(_settings: Settings) -> Values:
    """Describe `GET /v1/model`."""
    whole: Values = {"type": "integer", "minimum": 0}
    answer = _object(
        {
            "model": STRING,
            "kind": STRING,
            "labels": {"type": "array", "items": STRING},
            "texts": {"anyOf": [whole, {"type": "null"}]},
            "since": {"type": "number"},
            "textkaizen": STRING,
            "why": {"type": "boolean"},
            "feedback": {"type": "boolean"},
            "characters": whole,
            "texts_at_once": whole,
        }
    )
    example = {
        **{"model": HASH, "kind": "network", "labels": ["location", "opening_hours"]},
        **{"texts": 560, "since": 1795000000.0, "textkaizen": "0.1.0", "why": True},
        **{"feedback": True, "characters": 10000, "texts_at_once": 1000},
    }
    return {
        "summary": "Tell what answers",
        "responses": {"200": _answered(answer, example), **_problems(())},
    }


def health(_settings: Settings) -> Values:
    """Describe `GET /healthz`."""
    answered = _answered(_object({"status": STRING}), {"status": "ok"})
    return {
        "summary": "Whether the process lives",
        "responses": {"200": answered, **_problems(())},
    }


def ready(settings: Settings) -> Values:
    """Describe `GET /readyz`."""
    found = health(settings)
    found["responses"] |= _problems((503,))
    return found | {"summary": "Whether requests may be sent"}


def metrics(_settings: Settings) -> Values:
    """Describe `GET /metrics`."""
    content = {"text/plain": {"schema": STRING}}
    answered = {"description": "Text for Prometheus.", "content": content}
    return {"summary": "Counts", "responses": {"200": answered, **_problems(())}}


PATHS: dict[str, Callable[[Settings], Values]] = {
    "/v1/reply": reply,
    "/v1/predict": predict,
    "/v1/why": why,
    "/v1/feedback": feedback,
    "/v1/model": model,
    "/healthz": health,
    "/readyz": ready,
    "/metrics": metrics,
}


def _posted(
    about: str, asked: tuple[Values, Values], answered: tuple[Values, Values], *further: int
) -> Values:
    """Describe what is posted and answered: the schema and its examples, each."""
    schema, examples = asked
    named = {name: {"value": value} for name, value in examples.items()}
    statuses = (400, 408, 413, 415, 422, 503, *further)
    return {
        "summary": about,
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": schema, "examples": named}},
        },
        "responses": {"200": _answered(*answered), **_problems(statuses)},
    }


def _answered(schema: Values, example: Values) -> Values:
    content = {"application/json": {"schema": schema, "example": example}}
    return {"description": "Answered.", "content": content}


def _problems(statuses: tuple[int, ...]) -> Values:
    form = _object({"title": STRING, "status": {"type": "integer"}, "detail": STRING})
    content = {MEDIA_TYPE: {"schema": form}}
    every = sorted({401, 403, 421, 429, 500, *statuses})
    return {str(status): {"description": WHY[status], "content": content} for status in every}
