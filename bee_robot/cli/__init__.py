"""`bee <verb>`: one file per verb. A verb is a module with NAME, HELP, add_arguments(parser) and run(arguments) -> int."""
