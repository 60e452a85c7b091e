/** One seed for all properties: a mutant that is killed once is killed each time. */
import { configureGlobal } from "fast-check";

const SEED = 20_200_101;

configureGlobal({ seed: SEED });
