#!/bin/sh
# Creates a certificate authority for this purpose alone, and one certificate each for the
# scheduler, the workers and the commands.
#
#   sh certificates.sh FOLDER
#
# Anyone with one of these keys can run programs on every worker. Keep ca.key offline: it is only
# needed to sign more certificates. To shut everyone out, create a new authority.
set -eu
umask 077
mkdir -p "$1"
cd "$1"

new_key="-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
openssl req -x509 $new_key -days 3650 -subj "/CN=bulkeic workers" -keyout ca.key -out ca.pem \
  -addext keyUsage=critical,keyCertSign 2>/dev/null

cat > extensions.cnf <<END
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth,clientAuth
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid
END
for name in scheduler worker command; do
  openssl req $new_key -subj "/CN=$name" -keyout "$name.key" -out "$name.csr" 2>/dev/null
  openssl x509 -req -in "$name.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 90 \
    -extfile extensions.cnf -out "$name.pem" 2>/dev/null
  rm "$name.csr"
done
rm extensions.cnf
