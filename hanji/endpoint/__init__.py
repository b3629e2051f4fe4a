"""An OpenAI-compatible endpoint, asked in bulk: every reply is cached, every fault is counted.

vLLM, SGLang, llama.cpp's server and hosted services speak this protocol. A request is identified
by what it asks (model, messages, parameters, seed), not by where it is sent, and its reply is one
file named by that digest, so a kill costs at most the requests in flight.

    for request, reply in ask(requests, settings, cache_dir): ...

Nothing here heavy is imported before the first request is sent.
"""

from __future__ import annotations

from hanji.endpoint.batch import read_batch, write_batch
from hanji.endpoint.message import FAULTS, Message, Reply, Request
from hanji.endpoint.runner import ask
from hanji.endpoint.settings import Endpoint
from hanji.endpoint.usage import Estimate, Usage, estimate

__all__ = [
    "FAULTS",
    "Endpoint",
    "Estimate",
    "Message",
    "Reply",
    "Request",
    "Usage",
    "ask",
    "estimate",
    "read_batch",
    "write_batch",
]
