import { readFileSync } from "node:fs";

/** VmHWM (the peak) or VmRSS (now) of this process, in bytes; elsewhere than on Linux what Node.js knows. */
export function processMemory(field: "VmHWM" | "VmRSS"): number {
  try {
    // Not resourceUsage().maxRSS: that one begins with the peak of the process that started this one.
    return (
      1024 *
      Number(new RegExp(`^${field}:\\s*(\\d+)`, "mu").exec(readFileSync("/proc/self/status", "utf8"))![1])
    );
  } catch {
    return field === "VmHWM" ? 1024 * process.resourceUsage().maxRSS : process.memoryUsage().rss;
  }
}
