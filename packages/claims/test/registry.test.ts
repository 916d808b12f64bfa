import { describe, expect, test } from "vitest";
import { claims, describeSettings, findClaims, parseSettings } from "@lineament/claims";
import { exampleClaim } from "./example-claims.ts";

const among = [
  exampleClaim({ code: "LZ-01", id: "linearized/first" }),
  exampleClaim({ code: "LZ-02", id: "linearized/second-one" }),
  exampleClaim({ code: "WI-01", id: "wide/third" }),
];

function codes(selector: string): string[] {
  return findClaims(selector, among).map(({ code }) => code);
}

describe("claims are found", () => {
  test("by code, id, name, area, and all at once, whatever the capitals", () => {
    expect(codes("lz-02")).toEqual(["LZ-02"]);
    expect(codes("Linearized/Second-One")).toEqual(["LZ-02"]);
    expect(codes("third")).toEqual(["WI-01"]);
    expect(codes("LINEARIZED")).toEqual(["LZ-01", "LZ-02"]);
    expect(codes("all")).toEqual(["LZ-01", "LZ-02", "WI-01"]);
  });

  test("or the nearest name is offered", () => {
    expect(() => codes("LZ-20")).toThrow('there is no claim "LZ-20"; did you mean LZ-02?');
    expect(() => codes("linearised")).toThrow('there is no claim "linearised"; did you mean linearized?');
    expect(() => codes("second-on")).toThrow("did you mean second-one?");
    expect(() => codes("a poem")).toThrow('there is no claim "a poem"; "lineament claims" lists them');
    expect(() => codes("")).toThrow('there is no claim ""');
  });
});

describe("the claims of the package", () => {
  test("have codes and ids of their own, in the order of their codes", () => {
    for (const area of new Set(claims.map((claim) => claim.area))) {
      const codes = claims.filter((claim) => claim.area === area).map(({ code }) => code);
      expect(codes).toEqual([...codes].sort());
    }
    expect(new Set(claims.map(({ code }) => code)).size).toBe(claims.length);
    expect(new Set(claims.map(({ id }) => id)).size).toBe(claims.length);
  });

  test.each(claims)(
    "$code has words of its own kind, a cost, and settings that all have a default and a meaning",
    (claim) => {
      expect(claim.code).toMatch(/^[A-Z]{2}-\d{2}$/u);
      expect(claim.id).toMatch(/^[a-z]+\/[a-z0-9]+(-[a-z0-9]+)*$/u);
      expect(claim.seconds).toBeGreaterThan(0);
      expect(claim.seconds).toBeLessThanOrEqual(60);
      for (const { name, value, description } of describeSettings(claim)) {
        expect({ name, missing: value === undefined }).toEqual({ name, missing: false });
        expect({ name, silent: description === "" }).toEqual({ name, silent: false });
      }
    },
  );

  test.each(claims)("$code accepts its full settings and those of its contrast", (claim) => {
    expect(() => parseSettings(claim, {}, { full: true })).not.toThrow();
    expect(() => parseSettings(claim, claim.contrast?.settings)).not.toThrow();
  });
});
