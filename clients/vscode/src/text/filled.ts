/** `{0}`, `{1}` ... of `message` replaced by `values`; one without a value stays. */
export function filled(message: string, values: readonly (string | number)[]): string {
  return message.replace(/\{(\d+)\}/g, (mark, index: string) => {
    const value = values[Number(index)];
    return value === undefined ? mark : String(value);
  });
}
