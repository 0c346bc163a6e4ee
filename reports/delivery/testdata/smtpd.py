"""An SMTP server for the tests, made of Debian's aiosmtpd: STARTTLS is required, log-in can be. What it takes it writes into a folder, one
file per mail. Recipients say what becomes of a mail: nobody@ is refused, later@ is put off, bulky@ refuses what is said."""

import asyncio
import os
import ssl
import sys

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword


class Keep:
    def __init__(self, folder):
        self.folder, self.n = folder, 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return "550 5.1.1 <%s>: no such user here" % address
        if address.startswith("later@"):
            return "451 4.7.1 greylisted, try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if envelope.rcpt_tos[0].startswith("bulky@"):
            return "552 5.3.4 message too big"
        self.n += 1
        path = os.path.join(self.folder, "%d-%04d.eml" % (os.getpid(), self.n))
        with open(path + ".part", "wb") as f:
            f.write(b"X-Rcpt: %s\r\n" % envelope.rcpt_tos[0].encode())
            f.write(b"X-Login: %s\r\n" % (session.auth_data or b"-"))
            f.write(envelope.content)
        os.rename(path + ".part", path)
        return "250 2.0.0 taken as %d" % self.n


def main(folder, port, cert, key, user, password):
    def authenticate(server, session, envelope, mechanism, data):
        good = isinstance(data, LoginPassword) and (data.login, data.password) == (user.encode(), password.encode())
        return AuthResult(success=good, handled=good, auth_data=data.login if good else None)

    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(cert, key)
    controller = Controller(
        Keep(folder), hostname="127.0.0.1", port=int(port), tls_context=tls, require_starttls=True,
        auth_required=bool(user), authenticator=authenticate, data_size_limit=64 << 20,
    )
    controller.start()
    print("ready", flush=True)
    sys.stdin.read()  # until the test lets go
    controller.stop()


main(*sys.argv[1:])
