"""What a statement says, without the parser that read it: the words between syntax and catalog."""
