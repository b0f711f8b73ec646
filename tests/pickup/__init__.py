"""People who pick somebody up: asked, agreed, told of the arrival alone, and stopped with one click."""
