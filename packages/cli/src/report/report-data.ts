/**
 * Everything the report of one fitted table model shows, as plain JSON: no functions, no dates, no NaN.
 * Whatever does not apply to a fit is left out, and so is its part of the page.
 */
export interface ReportData {
  /** The heading of the page, for example "compressive_strength in concrete.csv". */
  readonly title: string;
  readonly task: "regression" | "classification";
  /** Name of the target column, or of several. */
  readonly target: string | readonly string[];
  /** Unit of the target, for example "MPa"; written after its numbers. */
  readonly unit?: string | undefined;
  /** Classification: names of the classes, in the order of every list of classes here. */
  readonly classes?: readonly string[] | undefined;
  readonly rows: RowCounts;
  /** At least one of the two; the page leads with `test`. */
  readonly scores: {
    /** On rows that took no part in fitting or choosing. */
    readonly test?: ScoreSet | undefined;
    /** On training rows held back from the machines that predicted them; choices were made by these. */
    readonly validation?: ScoreSet | undefined;
  };
  /** All input columns of the table, in its order; the target is not among them. */
  readonly columns: readonly ColumnReport[];
  readonly model: ModelReport;
  readonly importances?: Importances | undefined;
  /** How gradients of the prediction go together, over the most important coordinates or columns. */
  readonly agop?: LabeledMatrix | undefined;
  readonly spectrum?: Spectrum | undefined;
  readonly validationCurve?: ValidationCurve | undefined;
  /** Regression: one entry for each output. */
  readonly predictions?: readonly PredictedActual[] | undefined;
  readonly confusion?: Confusion | undefined;
  readonly reliability?: Reliability | undefined;
  /** Most important column first. */
  readonly partialDependence?: PartialDependences | undefined;
  readonly interactions?: Interactions | undefined;
  readonly intervals?: IntervalCoverage | undefined;
  /** How the error of the heaviest machine changes with the number of rows. */
  readonly diagnosis?: Diagnosis | undefined;
  readonly provenance: Provenance;
  /** Things that may make the model wrong; shown at the top. */
  readonly warnings?: readonly string[] | undefined;
  /** Things worth knowing; shown with the columns. */
  readonly notices?: readonly string[] | undefined;
}

/** Which rows a figure is about. */
export type RowSet = "train" | "validation" | "test";

export interface RowCounts {
  readonly train: number;
  readonly test?: number | undefined;
  /** Rows left out because their target is missing. */
  readonly withoutTarget?: number | undefined;
}

export const scoreNames = ["r2", "rmse", "mae", "accuracy", "logLoss", "brier", "auc", "f1"] as const;
export type ScoreName = (typeof scoreNames)[number];

/** `RegressionScores` and `ClassificationScores` of the library fit in here. */
export type Scores = { readonly [name in ScoreName]?: number | undefined };

/** The model and its baselines, scored on the same rows. */
export interface ScoreSet {
  readonly rows: number;
  readonly model: Scores;
  /** For example "mean of the training rows", "linear", "kernel ridge". */
  readonly baselines: readonly Baseline[];
}

export interface Baseline {
  readonly name: string;
  /** One line: what it does. */
  readonly description?: string | undefined;
  readonly scores: Scores;
}

/** As `ColumnSummary` of the library. */
export interface ColumnReport {
  readonly name: string;
  /** number, category, boolean, date, identifier, text, constant, … */
  readonly kind: string;
  readonly used: boolean;
  /** One line: why this kind. */
  readonly reason: string;
  readonly notice?: string | undefined;
  /** Cells without a value. */
  readonly missing: number;
  /** Distinct values. */
  readonly distinct?: number | undefined;
}

export interface ModelReport {
  /** What the fitted predictor averages. */
  readonly members: readonly MemberReport[];
  /** Machines that the search compared. */
  readonly evaluated?: number | undefined;
  /** Name of the loss below, for example "1 − R²" or "log loss"; smaller is better. */
  readonly loss?: string | undefined;
  /** Validation loss of the average. */
  readonly averageLoss?: number | undefined;
  /** Best first. */
  readonly leaderboard?: readonly LeaderboardEntry[] | undefined;
  /** How probabilities were calibrated, in words. */
  readonly calibration?: string | undefined;
}

export interface MemberReport {
  /** In words: kernel, bandwidth, metric, inputs, target. */
  readonly description: string;
  /** Share in the average; weights sum to 1. */
  readonly weight: number;
  /** Metric updates: 0 is plain kernel ridge regression. */
  readonly rounds: number;
  /** λ of the last solve. */
  readonly ridge?: number | undefined;
  /** Training rows that its expansion is over. */
  readonly centers?: number | undefined;
}

export interface LeaderboardEntry {
  readonly name: string;
  readonly loss: number;
  readonly rounds: number;
  /** In the final average. */
  readonly chosen?: boolean | undefined;
}

/** How much the prediction reacts to each column alone, as shares. */
export interface Importances {
  /** Largest first; shares sum to 1 over the used columns. */
  readonly columns: readonly ColumnImportance[];
  /** The share that a column of pure noise reaches (a high quantile over probe columns). */
  readonly noiseFloor?: number | undefined;
  /** How the floor was found, in words: "the largest of 5 shuffled columns". */
  readonly noiseFloorOf?: string | undefined;
  /** How the bands were found: "5–95 % of 20 bootstrap fits". */
  readonly bandOf?: string | undefined;
}

export interface ColumnImportance {
  readonly column: string;
  readonly share: number;
  /** 5 % and 95 % of the share over refits. */
  readonly lower?: number | undefined;
  readonly upper?: number | undefined;
  /** Mean squared derivative per squared unit of the column, for numbers. */
  readonly raw?: number | undefined;
}

/** A symmetric matrix over named coordinates; at most about 30 of them can be read. */
export interface LabeledMatrix {
  readonly labels: readonly string[];
  readonly values: readonly (readonly number[])[];
  /** Coordinates in all, when `labels` are only the most important. */
  readonly of?: number | undefined;
}

/** Eigenvalues of the learned metric, as shares of their sum, largest first. */
export interface Spectrum {
  readonly rounds: readonly {
    /** 0 is before the first metric update. */
    readonly round: number;
    readonly shares: readonly number[];
  }[];
  /** Which machine this is, when the model averages several. */
  readonly of?: string | undefined;
}

/** Validation loss of candidates after each metric update. */
export interface ValidationCurve {
  /** "1 − R²", "log loss". */
  readonly loss: string;
  readonly candidates: readonly {
    readonly name: string;
    /** `losses[t]`: after t metric updates. */
    readonly losses: readonly number[];
    readonly chosen?: boolean | undefined;
  }[];
}

/** Lists of equal length; give at most 2,000 rows, sampled by seed. */
export interface PredictedActual {
  /** Name of the output, when there are several. */
  readonly output?: string | undefined;
  readonly on: RowSet;
  readonly actual: readonly number[];
  readonly predicted: readonly number[];
  /** Ends of the prediction interval of each row. */
  readonly lower?: readonly number[] | undefined;
  readonly upper?: readonly number[] | undefined;
  /** Stated coverage of the interval: 0.9. */
  readonly level?: number | undefined;
  /** Rows that the sample was taken from. */
  readonly of: number;
  /** Row numbers in the table, from 1, for the pointer's note. */
  readonly row?: readonly number[] | undefined;
}

export interface Confusion {
  readonly on: RowSet;
  /** `counts[actual][predicted]`, in the order of `classes`. */
  readonly counts: readonly (readonly number[])[];
}

/** Stated probabilities against how often they came true. */
export interface Reliability {
  readonly on: RowSet;
  /** Two classes: "probability of <class>". More: "probability of the predicted class". */
  readonly of: string;
  /** In rising order of probability; empty bins left out. */
  readonly bins: readonly ReliabilityBin[];
  /** Mean distance of the two, weighted by rows (expected calibration error). */
  readonly error?: number | undefined;
}

export interface ReliabilityBin {
  /** Mean stated probability. */
  readonly predicted: number;
  /** How often it came true. */
  readonly observed: number;
  readonly rows: number;
  /** A 90 % interval of the true frequency. */
  readonly lower?: number | undefined;
  readonly upper?: number | undefined;
}

export interface PartialDependences {
  /** What the band is, in words: "middle 80 % of rows". */
  readonly bandOf?: string | undefined;
  /** Training rows that the mean is over. */
  readonly rows?: number | undefined;
  readonly columns: readonly PartialDependence[];
}

/** The mean prediction when one column is set to a value in every row. */
export interface PartialDependence {
  readonly column: string;
  /** Unit of the column, if known. */
  readonly unit?: string | undefined;
  /** `date`: the grid is ISO dates. `category`: the grid is levels; booleans are categories too. */
  readonly kind: "number" | "date" | "category";
  readonly grid: readonly number[] | readonly string[];
  /**
   * Regression: one curve an output. Two classes: the probability of the second, one curve. More: a curve a class, or of
   * the classes that change most.
   */
  readonly curves: readonly {
    readonly output?: string | undefined;
    readonly mean: readonly number[];
    readonly lower?: readonly number[] | undefined;
    readonly upper?: readonly number[] | undefined;
  }[];
  /** Numbers: deciles of the column, drawn as ticks, so that one sees where there are data. */
  readonly deciles?: readonly number[] | undefined;
  /** Categories: rows of each level. */
  readonly counts?: readonly number[] | undefined;
}

/** Mean squared mixed derivatives: how much the effect of one column depends on another. */
export interface Interactions {
  /** Strongest first. */
  readonly pairs: readonly {
    readonly columns: readonly [string, string];
    /** Root mean squared mixed derivative, in standardized units (target units for regression). */
    readonly strength: number;
    readonly lower?: number | undefined;
    readonly upper?: number | undefined;
  }[];
  readonly noiseFloor?: number | undefined;
  /** Pairs in all, when only the strongest are given. */
  readonly of?: number | undefined;
}

export interface IntervalCoverage {
  /** "split conformal", "jackknife+". */
  readonly method: string;
  readonly on: RowSet;
  readonly levels: readonly {
    /** Stated: 0.9. */
    readonly nominal: number;
    /** Share of rows whose actual value lay inside. */
    readonly observed?: number | undefined;
    /** Mean width, in units of the target. */
    readonly meanWidth?: number | undefined;
  }[];
  readonly rows: number;
}

/** What the eigenframework says of one kernel machine. Errors are relative: 1 is always predicting the mean. */
export interface Diagnosis {
  readonly kernel: string;
  /** λ. */
  readonly ridge: number;
  /** Share of the machine in the model's average. */
  readonly weight: number;
  /** Metric updates. */
  readonly updates: number;
  /** With metric updates: the error of the whole model on rows held out of its fits. */
  readonly heldOut?: number | undefined;
  /** Training rows looked at, those that the machine was fitted on, and those there are in all. */
  readonly rows: number;
  readonly fitted: number;
  readonly of: number;
  /** What the errors are: "squared error ÷ variance". */
  readonly error: string;
  /** The squared error of always predicting the mean (or class frequencies), in the units that the machine sees. */
  readonly guessing: number;
  readonly trainError: number;
  readonly leaveOneOut: {
    readonly error: number;
    readonly standardError: number;
    /** Root of the mean squared error, in units of the target. */
    readonly rmse?: number | undefined;
  };
  /** Predicted, by number of rows. */
  readonly curve: readonly {
    readonly rows: number;
    readonly error: number;
    readonly rmse?: number | undefined;
    readonly noiseFactor: number;
    /** Power laws went on beyond what the rows show. */
    readonly extrapolated: boolean;
  }[];
  /** Of fits to parts of the rows: on rows left out, and on test rows. */
  readonly measured: readonly {
    readonly rows: number;
    readonly error: number;
    readonly standardError: number;
    readonly test?: number | undefined;
  }[];
  /** What no number of rows would remove. */
  readonly noise: { readonly estimate: number; readonly atMost: number };
  /** Of `rows` at most. */
  readonly effectiveDimension: number;
  readonly spectrum: {
    /** Of the kernel matrix ÷ rows; some of them, when there are many. */
    readonly eigenvalues: readonly { readonly rank: number; readonly value: number }[];
    /** α and C of the power law C i^−α of the kernel's eigenvalues, where there is one. */
    readonly decay?: number | undefined;
    readonly amplitude?: number | undefined;
  };
  readonly overfitting: {
    readonly withRidge: OverfittingVerdict;
    /** Of the interpolant. */
    readonly withoutRidge: OverfittingVerdict;
  };
}

export interface OverfittingVerdict {
  readonly kind: "benign" | "tempered" | "catastrophic";
  /** What overfitting multiplies noise by, at all rows and at a quarter of them. */
  readonly noiseFactor: number;
  readonly noiseFactorAtQuarter: number;
}

export interface Provenance {
  readonly data: readonly {
    readonly file: string;
    readonly sha256: string;
    readonly rows?: number | undefined;
    readonly bytes?: number | undefined;
  }[];
  readonly model?:
    | { readonly file: string; readonly sha256?: string | undefined; readonly bytes?: number | undefined }
    | undefined;
  /** Version of Lineament. */
  readonly version: string;
  /** "native", "wasm", "plain". */
  readonly engine: string;
  readonly blas?: string | undefined;
  readonly threads?: number | undefined;
  /** "Node.js 24.21.0, linux x64". */
  readonly runtime?: string | undefined;
  readonly seed: number;
  /** Options of the fit, in words. */
  readonly settings: readonly { readonly name: string; readonly value: string }[];
  /** Seconds the fit took. */
  readonly seconds: number;
  readonly peakBytes?: number | undefined;
  /** When, as ISO 8601; given by the caller, so that the page is a function of its data. */
  readonly date: string;
  /** The command line that made it. */
  readonly command?: string | undefined;
}
