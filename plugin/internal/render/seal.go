package render

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"io"
	"os"
	"path/filepath"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/atomicwrite"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render/build"
)

// seal marks what this machine has written of a cache. The cache lies beside the
// output, where somebody may commit another; what has no seal is not believed.
// nil: there is no key, and so no cache.
type seal []byte

// keyLength is that of the key of a machine, in bytes.
const keyLength = 32

// openSeal returns the seal for an output directory. Its key lies in the user's
// directory of caches, and is made there unless a run is read-only.
func openSeal(output string, readOnly bool) seal {
	abs, err := filepath.Abs(output)
	if err != nil {
		return nil
	}
	abs = resolve(abs)
	caches, err := os.UserCacheDir()
	if err != nil || isWithin(repository(abs), resolve(caches)) {
		return nil // whoever commits a cache would commit the key, too
	}
	path := filepath.Join(caches, build.Program, "key")
	key, err := readRegular(path)
	if err != nil || len(key) != keyLength {
		if readOnly || makeKey(path) != nil {
			return nil
		}
		if key, err = readRegular(path); err != nil { // another run may have made one, too
			return nil
		}
	}
	return seal(mac(key, []byte(abs)))
}

func makeKey(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return atomicwrite.File(path, "", 0o600, io.LimitReader(rand.Reader, keyLength))
}

// repository is the Git repository that a directory lies in, or else the working
// directory.
func repository(dir string) string {
	if found, ok := gitRepository(dir); ok {
		return found
	}
	here, err := os.Getwd()
	if err != nil {
		return dir
	}
	return resolve(here)
}

func gitRepository(dir string) (found string, ok bool) {
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Lstat(filepath.Join(at, ".git")); err == nil {
			return at, true
		}
		if at == filepath.Dir(at) {
			return "", false
		}
	}
}

func isWithin(dir, path string) bool {
	relative, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsLocal(relative)
}

// close returns the content of a file of the cache, sealed.
func (s seal) close(name string, content []byte) []byte {
	return append(s.of(name, content), content...)
}

// open returns what was sealed as a file of that name; !ok: it was not.
func (s seal) open(name string, sealed []byte) (content []byte, ok bool) {
	if s == nil || len(sealed) < sha256.Size {
		return nil, false
	}
	content = sealed[sha256.Size:]
	return content, hmac.Equal(sealed[:sha256.Size], s.of(name, content))
}

func (s seal) of(name string, content []byte) []byte {
	return mac(s, []byte(name), []byte{0}, content)
}

func mac(key []byte, parts ...[]byte) []byte {
	h := hmac.New(sha256.New, key)
	for _, part := range parts {
		h.Write(part) // never fails
	}
	return h.Sum(nil)
}
