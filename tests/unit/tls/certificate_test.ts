import assert from "node:assert/strict";
import { CertificateError, readCertificate } from "../../../src/tls/certificate.ts";
import { reencodeKey, TestAuthority } from "../../kit/tls/authority.ts";
import type { CertificatePair } from "../../../src/ipc/messages.ts";

const DAY = 86_400_000;
const authority = await TestAuthority.create();
const other = await TestAuthority.create();
const pair = await authority.issue({ names: ["proxy.example.com", "127.0.0.1"] });
const rsa = await authority.issue({ keyType: "RSA" });
const smallRsa = await generateSmallRsaKey();

function read({ cert, key }: CertificatePair, now = Date.now()) {
  return readCertificate({ name: "c.pem", text: cert }, { name: "k.pem", text: key }, now);
}

Deno.test("what the leaf says is read", () => {
  const { names, serial, notBefore, notAfter } = read(pair);
  assert.deepEqual(names, ["proxy.example.com", "127.0.0.1"]);
  assert.match(serial, /^[0-9A-F]+$/);
  assert.ok(notBefore < Date.now() && notAfter > Date.now());
});

for (
  const [encoding, certificate] of [
    ["PKCS#8", pair],
    ["SEC1", { ...pair, key: reencodeKey(pair.key, "sec1") }],
    ["PKCS#1", { ...rsa, key: reencodeKey(rsa.key, "pkcs1") }],
    ["PKCS#8 after other text", { ...pair, key: `Bag Attributes\n${pair.key}` }],
  ] as const
) {
  Deno.test(`a key in ${encoding} is served`, async () => {
    const { cert, key } = read(certificate);
    const server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, cert, key, onListen() {} },
      () => new Response(),
    );
    await server.shutdown();
  });
}

const [leaf = "", intermediate = ""] = pair.cert.split(/(?<=-----END CERTIFICATE-----\n)/);

const faults: [what: string, certificate: CertificatePair, fault: RegExp][] = [
  [
    "a key of another certificate",
    { ...pair, key: rsa.key },
    /^k\.pem: the key does not belong to/,
  ],
  ["files swapped", { cert: pair.key, key: pair.cert }, /^c\.pem: .* it holds a private key/],
  ["an empty certificate file", { ...pair, cert: "" }, /^c\.pem: holds no PEM certificate/],
  ["an empty key file", { ...pair, key: "" }, /^k\.pem: holds no PEM private key/],
  [
    "an encrypted key",
    { ...pair, key: reencodeKey(pair.key, "encrypted") },
    /^k\.pem: the private key is encrypted/,
  ],
  [
    "a small RSA key",
    { ...pair, key: smallRsa },
    /^k\.pem: an RSA key of 1024 bits, expected 2048/,
  ],
  [
    "a key with a broken body",
    { ...pair, key: pair.key.replace(/\n[^-]+\n/, "\nAAAA\n") },
    /^k\.pem: the private key cannot be read/,
  ],
  [
    "a certificate with a broken body",
    { ...pair, cert: leaf + intermediate.replace(/\n[^-]+\n/, "\nAAAA\n") },
    /^c\.pem: certificate 2 cannot be read/,
  ],
  [
    "a chain upside down",
    { ...pair, cert: intermediate + leaf },
    /^c\.pem: the chain is out of order, the key's certificate comes as number 2/,
  ],
  [
    "a chain with another authority's certificate of the same name",
    { ...pair, cert: leaf + other.intermediate },
    /^c\.pem: the chain is out of order, certificate 2 \(CN=Test Intermediate\) did not issue/,
  ],
  [
    "an expired certificate",
    await authority.issue({ notAfter: new Date(Date.now() - DAY) }),
    /^c\.pem: the certificate expired on 20/,
  ],
  [
    "a certificate of the future",
    await authority.issue({ notBefore: new Date(Date.now() + DAY) }),
    /^c\.pem: the certificate is not valid before 20/,
  ],
];

for (const [what, certificate, fault] of faults) {
  Deno.test(`${what} is refused, with file and fault`, () => {
    assert.throws(() => read(certificate), (error) => {
      assert.ok(error instanceof CertificateError);
      assert.match(error.faults[0] ?? "", fault);
      return true;
    });
  });
}

Deno.test("everything wrong is told at once", () => {
  assert.throws(() => read({ cert: "", key: "" }), { message: /^c\.pem: .*; k\.pem: / });
});

async function generateSmallRsaKey(): Promise<string> {
  const { generateKeyPairSync } = await import("node:crypto");
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 1024 });
  return String(privateKey.export({ type: "pkcs8", format: "pem" }));
}
