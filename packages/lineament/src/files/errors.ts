/** Bytes that are not the file they should be. The message names what is wrong, in one line, without the file's name. */
export class FileFormatError extends Error {
  override readonly name = "FileFormatError";
}
