/** A place in a document that moves as the document is edited. */

export interface Change {
  /** UTF-16 offset of what was replaced, in the document before the change. */
  offset: number;
  length: number;
  /** Length of what stands there now. */
  inserted: number;
}

export interface Place {
  start: number;
  end: number;
}

/**
 * Where `place` is after `change`; undefined where the change touched its inside, so that nobody
 * can say any more what is to be replaced there. An empty place moves behind what is typed at it.
 */
export function moved(place: Place, change: Change): Place | undefined {
  const changeEnd = change.offset + change.length;
  const shift = change.inserted - change.length;
  if (changeEnd <= place.start) {
    return { start: place.start + shift, end: place.end + shift };
  }
  if (change.offset >= place.end) {
    return place;
  }
  return undefined;
}
