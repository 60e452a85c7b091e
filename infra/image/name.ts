/** Image names as archives of ours need them, told before anything is built. */

const COMPONENT = "[a-z0-9]+(?:(?:\\.|__?|-+)[a-z0-9]+)*";
const DOMAIN = "[A-Za-z0-9]+(?:[.-]+[A-Za-z0-9]+)*(?::[0-9]+)?";
/** https://github.com/distribution/reference/blob/v0.6.0/reference.go, with a tag and without a digest. */
const NAME_WITH_TAG = new RegExp(`^(?:${DOMAIN}/)?${COMPONENT}(?:/${COMPONENT})*:([\\w][\\w.-]{0,127})$`);

/** Of a name such as `dev.local/bellwether:1`. @throws for one without a tag, and for what is no name. */
export const tagOf = (name: string): string => {
  const [, tag] = NAME_WITH_TAG.exec(name) ?? [];
  if (tag !== undefined) return tag;
  throw new Error(`name: got ${name}, accepts an image's name with a tag, such as dev.local/bellwether:1`);
};
