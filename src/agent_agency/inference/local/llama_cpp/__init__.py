"""llama.cpp in this process (`xllamacpp`): any GGUF file that it knows the architecture of."""
