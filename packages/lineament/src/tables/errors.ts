/**
 * The request was wrong: a file, column, row or option that cannot be used as asked. The message is one line that
 * names what was wrong, where, and what to do. The command line prints it and exits with 2; every other error is ours.
 */
export class InputError extends Error {
  override readonly name = "InputError";
}
