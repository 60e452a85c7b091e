/**
 * Writes container images as archives that `ctr images import` takes, without a
 * container engine: https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md. Layers are not compressed, nothing has a
 * time: equal contents give equal bytes.
 */
import { createHash } from "node:crypto";
import { tagOf } from "./name.ts";
import { tar, type TarFile } from "./tar.ts";

/** https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md */
export interface ImageConfig {
  readonly User: string;
  readonly Env: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly WorkingDir?: string;
  readonly ExposedPorts?: Readonly<Record<string, object>>;
}

export interface Image {
  /** With a tag, such as `dev.local/bellwether:1`. */
  readonly name: string;
  /** The lowest first. Equal layers of several images are stored once. */
  readonly layers: readonly (readonly TarFile[])[];
  readonly config: ImageConfig;
}

interface Blob {
  readonly digest: string;
  readonly size: number;
  readonly pieces: readonly Uint8Array[];
}

const blobOf = (pieces: readonly Uint8Array[]): Blob => {
  const hash = createHash("sha256");
  for (const piece of pieces) hash.update(piece);
  return { digest: hash.digest("hex"), size: pieces.reduce((sum, { length }) => sum + length, 0), pieces };
};

const jsonBlob = (value: unknown): Blob => blobOf([Buffer.from(JSON.stringify(value))]);

const described = (kind: string, { digest, size }: Blob): Readonly<Record<string, unknown>> => ({
  mediaType: `application/vnd.oci.image.${kind}`,
  digest: `sha256:${digest}`,
  size,
});

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: "amd64" };

const PLATFORM = { architecture: ARCHITECTURES[process.arch] ?? process.arch, os: "linux" };

const blobFile = ({ digest, pieces }: Blob): TarFile => ({
  path: `blobs/sha256/${digest}`,
  content: pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces),
});

const jsonFile = (path: string, value: unknown): TarFile => ({ path, content: Buffer.from(JSON.stringify(value)) });

/** The archive's pieces, one after the other. @throws for a name without a tag. */
export const ociArchive = ({ name, layers, config }: Image): readonly Uint8Array[] => {
  const layerBlobs = layers.map((files) => blobOf(tar(files)));
  const configBlob = jsonBlob({
    ...PLATFORM,
    config,
    rootfs: { type: "layers", diff_ids: layerBlobs.map(({ digest }) => `sha256:${digest}`) },
  });
  const manifestBlob = jsonBlob({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: described("config.v1+json", configBlob),
    layers: layerBlobs.map((blob) => described("layer.v1.tar", blob)),
  });
  const annotations = {
    "io.containerd.image.name": name,
    "org.opencontainers.image.ref.name": tagOf(name),
  };
  return tar([
    jsonFile("oci-layout", { imageLayoutVersion: "1.0.0" }),
    jsonFile("index.json", {
      schemaVersion: 2,
      manifests: [{ ...described("manifest.v1+json", manifestBlob), platform: PLATFORM, annotations }],
    }),
    ...[...layerBlobs, configBlob, manifestBlob].map(blobFile),
  ]);
};
