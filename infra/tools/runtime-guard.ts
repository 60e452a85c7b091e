/**
 * Fails when this is not a Node.js that the project supports. It comes first in the check, because on Node 20 some
 * tools fail in confusing ways, and the test runner only once a test fails.
 */
import process from "node:process";

const SUPPORTED_MAJORS = [22, 24];

const major = Number(process.versions.node.split(".", 1)[0]);
if (!SUPPORTED_MAJORS.includes(major)) {
  const accepted = SUPPORTED_MAJORS.join(" or ");
  process.stderr.write(
    `Node.js is ${process.versions.node}; accepted: ${accepted}. "npm ci" installs 24, which "npm run" uses.\n`,
  );
  process.exitCode = 1;
}
