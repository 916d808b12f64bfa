import { describeArea } from "./describe-area.ts";

await describeArea("linear");
