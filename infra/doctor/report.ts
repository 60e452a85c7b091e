/** The findings as text for people, and as JSON for programs. */
import { EXIT_BROKEN, EXIT_WORKS, exitCodeOf, type Reported, type Severity } from "./finding.ts";

const ORDER: readonly Severity[] = ["error", "unknown", "warning", "ok"];

const sentence = (findings: readonly Reported[]): string => {
  const code = exitCodeOf(findings);
  if (code === EXIT_WORKS) return "A fail-over would work now.";
  return code === EXIT_BROKEN
    ? "A fail-over would not work now."
    : "Nobody can say whether a fail-over would work now.";
};

const findingText = ({ severity, check, object, field, got, accepted, remedy }: Reported): string =>
  severity === "ok"
    ? `ok       ${check}: ${got}`
    : [
        `${severity.padEnd(8)} ${check}: ${object}`,
        `         ${field}: ${got}`,
        `         accepted: ${accepted}`,
        `         remedy: ${remedy}`,
      ].join("\n");

/** The worst first; the last line says what follows from all of it. */
export const reportText = (findings: readonly Reported[]): string => {
  const sorted = ORDER.flatMap((severity) => findings.filter((finding) => finding.severity === severity));
  return `${sorted.map(findingText).join("\n")}\n\n${sentence(findings)}\n`;
};

/** `{"works": true | false | null, "findings": [...]}`; null: nobody can say. */
export const reportJson = (findings: readonly Reported[]): string => {
  const code = exitCodeOf(findings);
  const works = code === EXIT_WORKS ? true : code === EXIT_BROKEN ? false : null;
  return `${JSON.stringify({ works, findings }, undefined, 2)}\n`;
};
