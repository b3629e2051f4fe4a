"""Hanji's shared floor: values, shards, manifests, recipes, and the command.

Five products (`pipelines`, `tokenizer`, `synth`, `longdoc`, `rehearsal`) stand on it and meet
only on disk, through manifests. Importing this package imports nothing else.
"""

__version__ = "0.4.1"

__all__ = ["__version__"]
