import { afterAll, beforeAll, describe } from "vitest";
import type { ActivationInput } from "../../src/layers/index.ts";
import type { Engine } from "../../src/linalg/index.ts";
import { openEngine } from "../../src/linalg/open-engine.ts";
import { plainEngine } from "../../src/linalg/plain/index.ts";
import { denseNetwork, type DenseNetworkOptions } from "../../src/networks/index.ts";
import { describeModel, type ModelSubject } from "../contracts/model.ts";

// Every architecture, and every activation, through the one contract of models.

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
});
afterAll(async () => engine.close());

const subject =
  (options: DenseNetworkOptions, on: () => Engine = () => engine) =>
  (): ModelSubject => {
    const model = denseNetwork(on(), options);
    return { model, theta: model.initialize(7) };
  };

const kinked = { smooth: false };
const ntk = { kind: "ntk", weightStd: 1.4, biasStd: 0.3 } as const;

describeModel(
  "a relu network",
  subject({ inputs: 4, widths: [7, 6], outputs: 3, parameterization: ntk }),
  kinked,
);
describeModel(
  "a tanh network in the plain engine",
  subject({ inputs: 3, widths: [5, 4, 6], outputs: 2, activation: "tanh", parameterization: ntk }, () =>
    plainEngine(),
  ),
);
describeModel(
  "a network in standard parameterization",
  subject({
    inputs: 4,
    widths: [8],
    activation: "softplus",
    parameterization: { kind: "standard", weightStd: [1, 2], biases: true },
  }),
);
describeModel(
  "the two-layer network of the lecture notes",
  subject({
    inputs: 5,
    widths: [12],
    activation: "tanh",
    parameterization: { kind: "scaled", gamma: 12 ** -0.5 },
    weightRates: [1, 0],
  }),
);
describeModel("a linear model", subject({ inputs: 6, widths: [], outputs: 2, parameterization: ntk }));
describeModel(
  "a network with a bottleneck, mixed activations and a nonlinear output",
  subject({
    inputs: 4,
    widths: [9, 2, 8],
    outputs: 2,
    activation: ["tanh", "identity", { name: "erf", frequency: 0.7 }],
    outputActivation: "tanh",
    parameterization: { kind: "ntk", weightStd: [1, 2, 1, 1.5], biasStd: [0, 0.5, 0.1, 0] },
    biasRates: 0.5,
  }),
);

const rectifiers: readonly ActivationInput[] = [
  { name: "leaky-relu", slope: 0.2 },
  { name: "absolute" },
  { name: "piecewise-linear", negative: -0.5, positive: 2 },
  { name: "rectified-monomial", degree: 0 },
  { name: "rectified-monomial", degree: 2 },
  { name: "sign" },
  { name: "elu" },
  { name: "selu" },
];
const smooth: readonly ActivationInput[] = [
  { name: "identity" },
  { name: "erf", amplitude: 0.8, offset: 0.2 },
  { name: "normal-cdf" },
  { name: "sigmoid-like" },
  { name: "gelu" },
  { name: "sin", frequency: 1.3, phase: 0.4 },
  { name: "cos" },
  { name: "rbf" },
  { name: "exp", rate: 0.5 },
  { name: "gaussian" },
  { name: "gabor", frequency: 1.5, phase: 0.2 },
  { name: "polynomial", coefficients: [0.2, 0.5, -0.3, 0.1] },
  { name: "monomial", degree: 2 },
  { name: "hermite", degree: 3 },
  { name: "sigmoid" },
  { name: "softplus" },
  { name: "swish" },
  { name: "mish" },
];
describe("every activation", () => {
  const network = (activation: ActivationInput): DenseNetworkOptions => ({
    inputs: 3,
    widths: [6, 5],
    activation,
    parameterization: { kind: "ntk", biasStd: 0.2 },
  });
  for (const activation of rectifiers) describeModel(activation.name, subject(network(activation)), kinked);
  for (const activation of smooth) describeModel(activation.name, subject(network(activation)));
});
