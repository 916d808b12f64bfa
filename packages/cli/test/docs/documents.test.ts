import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runCommand } from "../run-command.ts";

const root = fileURLToPath(new URL("../../../../", import.meta.url));

/** Documents whose TypeScript runs from top to bottom as one program, with what their readers are taken to have. */
const programs = [
  { name: "guide", document: "docs/guide.md", given: "" },
  {
    name: "readme",
    document: "README.md",
    given: `
      import { random } from "lineament";
      const draw = random(0);
      const x = Array.from({ length: 40 }, () => [draw.normal(), draw.normal()]);
      const y = x.map(([a = 0, b = 0]) => a - b);
      const newX = x.slice(0, 3);
      const rows = x.map(([size = 0, age = 0], i) => ({ size, age, price: y[i]! }));
      const newRows = rows.map(({ size, age }) => ({ size, age }));`,
  },
  { name: "library", document: "packages/lineament/README.md", given: "" },
  { name: "claims", document: "packages/claims/README.md", given: "" },
  { name: "command-line", document: "packages/cli/README.md", given: "" },
] as const;

/** The fenced blocks of one language. */
function blocks(markdown: string, language: string): string[] {
  return [...markdown.matchAll(/^```(\w*)\n(.*?)^```$/gmsu)]
    .filter(([, name]) => name === language)
    .map(([, , text]) => text!);
}

/** One module of several snippets: each name is imported once. */
function asProgram(snippets: readonly string[]): string {
  const imports = new Map<string, Set<string>>();
  const statement = /^\s*import \{([^}]*)\} from "([^"]+)";\n/gmu;
  const body = snippets.join("\n").replaceAll(statement, (_, names: string, module: string) => {
    const known = imports.get(module) ?? new Set();
    for (const name of names.split(",")) if (name.trim() !== "") known.add(name.trim());
    imports.set(module, known);
    return "";
  });
  const head = [...imports].map(
    ([module, names]) => `import { ${[...names].join(", ")} } from "${module}";\n`,
  );
  return `${head.join("")}export {};\n${body}`;
}

/** Words of a command line as a shell would split them. */
function words(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|"([^"]*)"|[^\s'"]+/gu)].map(([word, a, b]) => a ?? b ?? word);
}

const call = promisify(execFile);
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lineament-docs-"));
  await symlink(join(root, "node_modules"), join(folder, "node_modules"), "junction");
  await symlink(join(root, "examples"), join(folder, "examples"), "junction");
  await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  for (const { name, document, given } of programs) {
    const snippets = blocks(await readFile(join(root, document), "utf8"), "ts");
    await writeFile(join(folder, `${name}.ts`), asProgram([given, ...snippets]));
  }
  const config = {
    extends: join(root, "tsconfig.base.json"),
    compilerOptions: {
      composite: false,
      noEmit: true,
      rewriteRelativeImportExtensions: false,
      allowImportingTsExtensions: true,
    },
    files: programs.map(({ name }) => `${name}.ts`),
  };
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify(config));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What a program printed; the error of the test shows what went wrong. */
async function output(file: string, args: readonly string[]): Promise<string> {
  const env = { ...process.env, LINEAMENT_THREADS: "1" };
  const result = await call(file, args, { cwd: folder, env, maxBuffer: 2 ** 24 }).catch(
    ({ stdout = "", stderr = "" }: { stdout?: string; stderr?: string }) => {
      throw new Error(`${stdout.slice(-2000)}\n${stderr.slice(-4000)}`);
    },
  );
  return result.stdout;
}

describe("the snippets of", () => {
  test("all documents have the types they seem to have", { timeout: 180_000 }, async () => {
    const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
    await output(process.execPath, [compiler, "-p", "tsconfig.json"]);
  });

  for (const { name, document } of programs)
    test(`${document} run`, { timeout: 240_000 }, async () => {
      const printed = await output(process.execPath, ["--conditions=@lineament/source", `${name}.ts`]);
      if (name !== "readme") expect(printed).not.toBe("");
    });
});

/** Lines of the shell in a document; there are some. */
async function requests(document: string, pattern: RegExp): Promise<string[]> {
  const lines = blocks(await readFile(join(root, document), "utf8"), "sh").flatMap((block) =>
    block.split("\n"),
  );
  const found = lines.filter((line) => pattern.test(line));
  expect(found).not.toHaveLength(0);
  return found;
}

describe("the command lines of", () => {
  // Run where there are no such files: known commands and flags fail on these, unknown ones before. What needs no file runs.
  for (const document of ["README.md", "packages/cli/README.md"])
    test(`${document} name commands and flags that exist`, async () => {
      const lines = await requests(document, /^lineament (?!doctor|reproduce)/u); // those have work to do here
      for (const line of lines) {
        const { code, stderr } = await runCommand(words(line.replace(/ [#|].*$/u, "")).slice(1));
        expect({ line, code }).toEqual({ line, code: line.startsWith("lineament claims") ? 0 : 2 });
        expect(stderr).not.toMatch(/unknown|missing|required|invalid/iu);
      }
    });

  for (const document of ["README.md", "docs/claims.md"])
    test(`${document} reproduce claims and change settings that exist`, async () => {
      const lines = await requests(document, /^lineament reproduce/u);
      for (const line of lines) {
        // Settings are looked up in order before anything runs: one more, which no claim has, ends the request if all others exist.
        const request = words(line.replace(/ [#>].*$/u, "")).slice(1);
        const { code, stderr } = await runCommand([...request, "--set", "nothing=0"]);
        expect({ line, code, about: /setting nothing|--set nothing/u.test(stderr) }).toEqual({
          line,
          code: 2,
          about: true,
        });
      }
    });
});
