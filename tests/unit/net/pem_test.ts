import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { reencodeKey, TestAuthority } from "../../kit/tls/authority.ts";
import { PemError, privateKeyPem, readCertificates, readPrivateKey } from "../../../src/net/pem.ts";

const authority = await TestAuthority.create();
const { cert, key } = await authority.issue();
const rsa = await authority.issue({ keyType: "RSA" });
const encrypted = reencodeKey(key, "encrypted");

const EDITED: [how: string, edit: (text: string) => string][] = [
  ["as it was written", (text) => text],
  ["with line ends of Windows", (text) => text.replaceAll("\n", "\r\n")],
  ["with a byte-order mark", (text) => `\uFEFF${text}`],
  ["with both", (text) => `\uFEFF${text.replaceAll("\n", "\r\n")}`],
  ["between other text", (text) => `subject=CN = a\n${text}\n# end\n`],
  ["without a line end behind it", (text) => text.trimEnd()],
];

for (const [how, edit] of EDITED) {
  Deno.test(`certificates and keys are read ${how}, and given back as they were written`, () => {
    const chain = readCertificates({ name: "c.pem", text: edit(cert) });
    assert.equal(chain.join(""), cert);
    for (const one of [key, reencodeKey(key, "sec1")]) {
      assert.equal(privateKeyPem(readPrivateKey({ name: "k.pem", text: edit(one) })), key);
    }
    const pkcs1 = reencodeKey(rsa.key, "pkcs1");
    assert.equal(privateKeyPem(readPrivateKey({ name: "k.pem", text: edit(pkcs1) })), rsa.key);
  });
}

Deno.test("certificate and key may stand in one text, in either order", () => {
  for (const text of [cert + key, key + cert]) {
    const pem = { name: "both.pem", text };
    assert.ok(readCertificates(pem)[0].checkPrivateKey(readPrivateKey(pem)));
  }
});

Deno.test("what is given back is what the runtime trusts and serves", async () => {
  const [ca] = readCertificates({ name: "ca", text: `\uFEFF${authority.root}` });
  const windows = (text: string) => ({ name: "w", text: text.replaceAll("\n", "\r\n") });
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    cert: readCertificates(windows(cert)).join(""),
    key: privateKeyPem(readPrivateKey(windows(key))),
    onListen() {},
  }, () => new Response("ok"));
  const client = Deno.createHttpClient({ caCerts: [String(ca)] });
  const response = await fetch(`https://localhost:${server.addr.port}`, { client });
  assert.equal(await response.text(), "ok");
  client.close();
  await server.shutdown();
});

/** Text as Windows' editors save it, the byte-order mark first. */
function utf16(text: string): Uint8Array {
  return new Uint8Array(Uint16Array.from(`\uFEFF${text}`, (char) => char.charCodeAt(0)).buffer);
}

/** Bytes as a file's text is read. */
function asRead(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

const FAULTS: [read: (pem: { name: string; text: string }) => unknown, text: string, is: string][] =
  [
    [readCertificates, "", "holds no PEM certificate"],
    [readCertificates, key, "holds no PEM certificate, it holds a private key"],
    [
      readCertificates,
      "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n",
      "holds no PEM certificate, it holds a certificate request",
    ],
    [
      readCertificates,
      asRead(utf16(cert)),
      "holds no PEM certificate, it is UTF-16, expected UTF-8",
    ],
    [
      readCertificates,
      asRead(new X509Certificate(cert).raw),
      "holds no PEM certificate, it is binary (DER or PKCS#12), expected PEM",
    ],
    [readCertificates, cert.replace(/\n[^-]+\n/, "\nAAAA\n"), "certificate 1 cannot be read"],
    [readPrivateKey, "", "holds no PEM private key (PKCS#8, SEC1 or PKCS#1)"],
    [
      readPrivateKey,
      cert,
      "holds no PEM private key (PKCS#8, SEC1 or PKCS#1), it holds a certificate",
    ],
    [
      readPrivateKey,
      encrypted,
      "the private key is encrypted, expected one without a passphrase",
    ],
    [readPrivateKey, key.replace(/\n[^-]+\n/, "\nAAAA\n"), "the private key cannot be read"],
  ];

for (const [read, text, fault] of FAULTS) {
  Deno.test(`${read.name}: a text that ${fault}`, () => {
    assert.throws(() => read({ name: "a.pem", text }), (error) => {
      assert.ok(error instanceof PemError);
      assert.equal(error.message, `a.pem: ${fault}`);
      return true;
    });
  });
}
