"""The description of the API, as OpenAPI has it."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaValue, models_json_schema

from serving.dialects import DIALECTS
from serving.schemas import ReportsRequest


def content(request: type[BaseModel]) -> JsonSchemaValue:
    """The body of a route, by the name of its schema, which ``openapi`` adds."""
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{request.__name__}"}}}


def openapi(app: FastAPI) -> JsonSchemaValue:
    """The API's description; the bodies are parsed by the dialects, so their schemas are added here."""
    document = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
    requests = [(request, "validation") for request in (*(each.request for each in DIALECTS), ReportsRequest)]
    _, schemas = models_json_schema(requests, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]
    document.setdefault("components", {}).setdefault("schemas", {}).update(schemas["$defs"])
    return document
