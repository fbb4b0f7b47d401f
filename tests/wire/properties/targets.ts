import fc from "fast-check";

/** Targets that are legal, that are nearly so, and that are made of any bytes. */
export function target(): fc.Arbitrary<string> {
  const legal = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(..."azAZ09-._~!$&'()*+,;=:@") },
    { weight: 3, arbitrary: fc.constantFrom("/", "//", "/.", "/..", ".", "?", "v1", "=", "&&") },
    { weight: 2, arbitrary: fc.constantFrom("%2F", "%2f", "%2e", "%2E", "%00", "%C3%A9", "%25") },
  );
  const odd = fc.oneof(
    { weight: 2, arbitrary: fc.constantFrom(..."\"#<>[\\]^`{|}%'", "%zz", "%2", "..\\") },
    { weight: 1, arbitrary: byte() },
  );
  const mixed = fc.oneof({ weight: 8, arbitrary: legal }, { weight: 1, arbitrary: odd });
  return fc.oneof(
    { weight: 4, arbitrary: fc.array(legal, { maxLength: 24 }) },
    { weight: 4, arbitrary: fc.array(mixed, { maxLength: 16 }) },
    { weight: 1, arbitrary: fc.array(byte(), { maxLength: 12 }) },
    { weight: 1, arbitrary: fc.array(legal, { minLength: 2_000, maxLength: 4_000 }) },
  ).map((pieces) => `/${pieces.join("")}`);
}

/** Any of the 256, CR, LF and NUL among them. */
function byte(): fc.Arbitrary<string> {
  return fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));
}
