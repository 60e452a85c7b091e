/**
 * Which parts make up the lab and in which version, read from the pinned Go modules beside this file, so that a version
 * is written down once.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export type PartName = "etcd" | "kube-apiserver" | "kube-controller-manager" | "apiserver_receive_adapter" | "mtping";

export type FamilyName = "etcd" | "kubernetes" | "knative";

export interface Part {
  readonly name: PartName;
  readonly family: FamilyName;
  /** The Go package that builds the binary. */
  readonly goPackage: string;
  /** Whether `--version` prints the release; the Knative adapters know no version of their own. */
  readonly reportsVersion: boolean;
}

const kubernetes = (name: PartName): Part => ({
  name,
  family: "kubernetes",
  goPackage: `k8s.io/kubernetes/cmd/${name}`,
  reportsVersion: true,
});

const adapter = (name: PartName): Part => ({
  name,
  family: "knative",
  goPackage: `knative.dev/eventing/cmd/${name}`,
  reportsVersion: false,
});

export const PARTS: Readonly<Record<PartName, Part>> = {
  etcd: {
    name: "etcd",
    family: "etcd",
    goPackage: "go.etcd.io/etcd/server/v3",
    reportsVersion: true,
  },
  "kube-apiserver": kubernetes("kube-apiserver"),
  "kube-controller-manager": kubernetes("kube-controller-manager"),
  apiserver_receive_adapter: adapter("apiserver_receive_adapter"),
  mtping: adapter("mtping"),
};

const MAIN_MODULE: Readonly<Record<FamilyName, string>> = {
  etcd: "go.etcd.io/etcd/server/v3",
  kubernetes: "k8s.io/kubernetes",
  knative: "knative.dev/eventing",
};

/** The folder of the family's checked-in go.mod and go.sum. */
export const moduleFolder = (family: FamilyName): string => join(import.meta.dirname, "modules", family);

/** The pinned release of a family with its leading `v`. */
export const pinnedVersion = (family: FamilyName): string => {
  const goMod = readFileSync(join(moduleFolder(family), "go.mod"), "utf8");
  const line = goMod.split("\n").find((text) => text.trim().startsWith(`${MAIN_MODULE[family]} v`));
  const version = line?.trim().split(" ")[1];
  if (version === undefined) throw new Error(`infra/lab/modules/${family}/go.mod requires no ${MAIN_MODULE[family]}`);
  return version;
};

/**
 * The wanted release of a family.
 * @throws when `kubernetesVersion` is not of the form `v1.36.3` (the leading `v` may be missing).
 */
export const wantedVersion = (family: FamilyName, kubernetesVersion?: string): string => {
  if (family !== "kubernetes" || kubernetesVersion === undefined) return pinnedVersion(family);
  const match = /^v?(1\.\d+\.\d+)$/.exec(kubernetesVersion);
  if (match === null) {
    throw new Error(`kubernetes-version is ${JSON.stringify(kubernetesVersion)}; it must be a release such as v1.36.3`);
  }
  return `v${match[1]}`;
};
