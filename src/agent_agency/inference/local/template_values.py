"""What chat templates are told beside the messages, the same for both engines and every day.

Thinking aloud is off where a template has the switch (Qwen 3's ``enable_thinking``): a verdict is asked for at once, by
its label or under a schema, where thoughts have no place. A template that writes today's date takes it from
``date_string`` (Llama 3.1's, whose own default this is): the prompt of a judge must not change overnight.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

TEMPLATE_VALUES: Mapping[str, object] = MappingProxyType({"enable_thinking": False, "date_string": "26 Jul 2024"})
