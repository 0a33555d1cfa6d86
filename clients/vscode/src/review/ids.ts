/** Commands of this extension about a draft that stands in a note. */

export const ACCEPT = "doctorflan.review.accept";
export const DISCARD = "doctorflan.review.discard";
export const REGENERATE = "doctorflan.review.regenerate";

/** The server's commands, which its code lenses name, and what takes their place here. */
export const SERVER_TO_OWN: Readonly<Record<string, string>> = {
  "doctorflan.accept": ACCEPT,
  "doctorflan.discard": DISCARD,
  "doctorflan.regenerate": REGENERATE,
};
