"""Contracts of an animal shelter in every form, and edits of them."""

from __future__ import annotations

from agent_agency.gates.contracts.compare import compare_contract
from agent_agency.gates.contracts.model import ContractComparison

OPENAPI = """\
openapi: 3.0.3
info: {title: Shelter, version: 1.4.0}
security:
  - key: []
paths:
  /animals:
    get:
      operationId: listAnimals
      parameters:
        - {name: limit, in: query, schema: {type: integer, format: int32, minimum: 1, maximum: 100}}
        - {name: kind, in: query, schema: {type: string, enum: [cat, dog, bird]}}
        - {name: tags, in: query, schema: {type: array, items: {type: string}}}
        - {name: X-Request-Id, in: header, schema: {type: string}}
      responses:
        '200':
          description: A page of animals
          headers:
            X-Total: {required: true, schema: {type: integer}}
          content:
            application/json:
              schema:
                type: array
                items: {$ref: '#/components/schemas/Animal'}
            text/csv:
              schema: {type: string}
        default:
          $ref: '#/components/responses/Problem'
    post:
      operationId: takeIn
      security:
        - key: []
        - login: [write]
      requestBody:
        required: true
        content:
          application/json:
            schema: {$ref: '#/components/schemas/NewAnimal'}
          application/x-www-form-urlencoded:
            schema: {$ref: '#/components/schemas/NewAnimal'}
      responses:
        '201':
          description: Taken in
          content:
            application/json:
              schema: {$ref: '#/components/schemas/Animal'}
        '422': {description: Refused}
  /animals/{animalId}:
    parameters:
      - {name: animalId, in: path, required: true, schema: {type: string}}
    get:
      responses:
        '200':
          description: One animal
          content:
            application/json:
              schema: {$ref: '#/components/schemas/Animal'}
        '404': {description: Nobody knows it}
    patch:
      requestBody:
        content:
          application/json:
            schema:
              type: object
              properties:
                name: {type: string, maxLength: 80}
                weight: {type: number, exclusiveMinimum: true, minimum: 0}
      responses:
        '204': {description: Changed}
    delete:
      responses:
        '204': {description: Given away}
components:
  securitySchemes:
    key: {type: apiKey, in: header, name: X-Key}
    login: {type: oauth2, flows: {implicit: {authorizationUrl: 'https://example.org', scopes: {write: w, admin: a}}}}
  responses:
    Problem:
      description: Something went wrong
      content:
        application/problem+json:
          schema:
            type: object
            required: [title]
            properties:
              title: {type: string}
  schemas:
    Animal:
      allOf:
        - $ref: '#/components/schemas/NewAnimal'
        - type: object
          required: [id, kept]
          properties:
            id: {type: string, format: uuid, readOnly: true}
            kept: {type: boolean}
            age: {type: integer, format: int64}
            mother: {$ref: '#/components/schemas/Animal'}
            keeper:
              oneOf:
                - {$ref: '#/components/schemas/Person'}
                - {$ref: '#/components/schemas/Team'}
    NewAnimal:
      type: object
      required: [kind, name]
      properties:
        kind: {type: string, enum: [cat, dog, bird]}
        name: {type: string, minLength: 1, maxLength: 80, pattern: '^[a-z ]+$'}
        note: {type: string, nullable: true}
        chip: {type: string}
    Person:
      type: object
      required: [email]
      properties:
        email: {type: string}
    Team:
      type: object
      required: [members]
      properties:
        members: {type: array, items: {$ref: '#/components/schemas/Person'}, minItems: 1}
"""

SWAGGER = """\
swagger: "2.0"
info: {title: Shelter, version: 1.4.0}
basePath: /v1
consumes: [application/json]
produces: [application/json]
securityDefinitions:
  basic: {type: basic}
security: [{basic: []}]
paths:
  /animals:
    get:
      parameters:
        - {name: limit, in: query, type: integer, maximum: 100}
        - {name: tags, in: query, type: array, items: {type: string}, collectionFormat: csv}
      responses:
        200: {description: All, schema: {type: array, items: {$ref: '#/definitions/Animal'}}}
    post:
      parameters:
        - {name: animal, in: body, required: true, schema: {$ref: '#/definitions/Animal'}}
      responses:
        201: {description: Taken in}
  /photos:
    post:
      consumes: [multipart/form-data]
      parameters:
        - {name: photo, in: formData, type: file, required: true}
        - {name: caption, in: formData, type: string}
      responses:
        201: {description: Stored}
definitions:
  Animal:
    type: object
    required: [name]
    properties:
      name: {type: string}
      age: {type: integer}
"""

JSON_SCHEMA = """\
{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "$id": "https://example.org/record.json",
  "type": "object",
  "required": ["id", "kind"],
  "properties": {
    "id": {"type": "string", "pattern": "^[A-Z]{2}[0-9]+$"},
    "kind": {"enum": ["cat", "dog", "bird"]},
    "weight": {"type": "number", "minimum": 0, "maximum": 200},
    "note": {"type": ["string", "null"], "maxLength": 500},
    "visits": {"type": "array", "items": {"$ref": "#/$defs/visit"}, "maxItems": 50},
    "place": {"prefixItems": [{"type": "number"}, {"type": "number"}], "items": false},
    "keeper": {"anyOf": [{"$ref": "#/$defs/person"}, {"type": "string"}]},
    "labels": {"type": "object", "additionalProperties": {"type": "string"}}
  },
  "if": {"properties": {"kind": {"const": "bird"}}},
  "then": {"required": ["weight"]},
  "$defs": {
    "visit": {
      "type": "object",
      "required": ["day"],
      "properties": {"day": {"type": "string", "format": "date"}, "cost": {"type": "integer", "multipleOf": 5}},
      "additionalProperties": false
    },
    "person": {"type": "object", "required": ["email"], "properties": {"email": {"type": "string"}}}
  }
}
"""

GRAPHQL = """\
schema { query: Query mutation: Mutation }
directive @audited(reason: String) on FIELD_DEFINITION
scalar Day
enum Kind { CAT DOG BIRD }
interface Named { name: String! }
type Person implements Named { name: String! email: String }
type Team implements Named { name: String! members: [Person!]! }
union Keeper = Person | Team
type Animal implements Named {
  id: ID!
  name: String!
  kind: Kind!
  born: Day
  keeper: Keeper
  visits(first: Int = 10, since: Day): [Day!]!
}
input NewAnimal { name: String! kind: Kind! note: String }
type Query { animals(kind: Kind): [Animal!]! animal(id: ID!): Animal }
type Mutation { takeIn(animal: NewAnimal!): Animal! @audited(reason: "law") }
"""

PROTOBUF = """\
syntax = "proto3";

package shelter.v1;

import "google/protobuf/timestamp.proto";

option go_package = "example.org/shelter;shelterv1";

// An animal in the shelter.
message Animal {
  string id = 1;
  string name = 2;
  optional int32 age = 3;
  Kind kind = 4;
  repeated string tags = 5;
  map<string, Visit> visits = 6;
  google.protobuf.Timestamp taken_in = 7 [json_name = "since"];
  oneof keeper {
    string person = 8;
    Team team = 9;
  }
  reserved 20 to 29, 40;
  reserved "owner";

  message Team {
    string name = 1;
  }
}

message Visit {
  string day = 1; /* ISO 8601 */
}

enum Kind {
  KIND_UNSPECIFIED = 0;
  KIND_CAT = 1;
  KIND_DOG = 2;
  reserved 9;
}

service Shelter {
  rpc Get(GetRequest) returns (Animal);
  rpc Watch(GetRequest) returns (stream Animal) {
    option idempotency_level = NO_SIDE_EFFECTS;
  }
}

message GetRequest {
  string id = 1;
}
"""

BASES = {"openapi": OPENAPI, "json-schema": JSON_SCHEMA, "graphql": GRAPHQL, "protobuf": PROTOBUF}
PATHS = {"openapi": "api.yaml", "json-schema": "record.json", "graphql": "api.graphql", "protobuf": "api.proto"}


def compare(form: str, base: str | None, head: str) -> ContractComparison:
    return compare_contract(form, None if base is None else base.encode(), head.encode(), PATHS[form])


def edited(text: str, old: str, new: str) -> str:
    """The text with every occurrence of a part replaced; the part must be there."""
    assert old in text, old
    return text.replace(old, new)


def breaking(comparison: ContractComparison) -> set[str]:
    return {problem.rule for problem in comparison.problems if problem.breaking}


def told(comparison: ContractComparison) -> set[str]:
    return {problem.rule for problem in comparison.problems if not problem.breaking}
