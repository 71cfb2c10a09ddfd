# SPDX-License-Identifier: Apache-2.0
"""Sealed texts as docs/adr/0004-sealed-tokens.md describes them, made and opened without the product: AES-256-GCM of libcrypto."""
import base64
import ctypes
import ctypes.util
import secrets

_crypto = ctypes.CDLL(ctypes.util.find_library("crypto"))
for _name in ("EVP_CIPHER_CTX_new", "EVP_aes_256_gcm"):
    getattr(_crypto, _name).restype = ctypes.c_void_p
_NONCE, _TAG, _GET_TAG, _SET_TAG = 12, 16, 0x10, 0x11


class Refused(Exception):
    """The text was altered, or belongs elsewhere."""


def _pointer(value):
    return ctypes.c_void_p(value)


def _gcm(encrypt, key, nonce, extra, text, tag=None):
    """(the other text, tag)"""
    context = _pointer(_crypto.EVP_CIPHER_CTX_new())
    try:
        out, length, written = ctypes.create_string_buffer(len(text) + _TAG), ctypes.c_int(), 0
        verb = "Encrypt" if encrypt else "Decrypt"
        update, final = getattr(_crypto, f"EVP_{verb}Update"), getattr(_crypto, f"EVP_{verb}Final_ex")
        getattr(_crypto, f"EVP_{verb}Init_ex")(context, _pointer(_crypto.EVP_aes_256_gcm()), None, key, nonce)
        update(context, None, ctypes.byref(length), extra, len(extra))
        update(context, out, ctypes.byref(length), text, len(text))
        written = length.value
        if tag is not None:
            _crypto.EVP_CIPHER_CTX_ctrl(context, _SET_TAG, _TAG, ctypes.create_string_buffer(tag, _TAG))
        if final(context, ctypes.byref(out, written), ctypes.byref(length)) != 1:
            raise Refused()
        made = ctypes.create_string_buffer(_TAG)
        if encrypt:
            _crypto.EVP_CIPHER_CTX_ctrl(context, _GET_TAG, _TAG, made)
        return out.raw[:written], made.raw
    finally:
        _crypto.EVP_CIPHER_CTX_free(context)


def _text(raw):
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _bytes(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _associated(key_id, context):
    parts = "".join(f"\0{len(part.encode())}:{part}" for part in context)
    return f"calsync-seal-v1{parts}\0{key_id}".encode()


def new_key(name):
    """An entry of CALENDAR_TOKEN_KEYS."""
    return f"{name}:{base64.b64encode(secrets.token_bytes(32)).decode()}"


def key_of(sealed):
    return sealed.split(".")[1]


class Ring:
    """Of entries as in CALENDAR_TOKEN_KEYS. A context is (table, column, row, owner, provider, kind)."""

    def __init__(self, *entries):
        self.keys = {name: base64.b64decode(key) for name, key in (entry.split(":") for entry in entries)}
        self.active = entries[0].split(":")[0]

    def seal(self, text, *context):
        nonce = secrets.token_bytes(_NONCE)
        sealed, tag = _gcm(True, self.keys[self.active], nonce, _associated(self.active, context), text.encode())
        return f"v1.{self.active}.{_text(nonce)}.{_text(sealed + tag)}"

    def open(self, sealed, *context):
        version, key_id, nonce, body = sealed.split(".")
        if version != "v1" or key_id not in self.keys:
            raise Refused()
        raw = _bytes(body)
        return _gcm(False, self.keys[key_id], _bytes(nonce), _associated(key_id, context), raw[:-_TAG], raw[-_TAG:])[0].decode()
