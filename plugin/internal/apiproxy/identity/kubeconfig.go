package identity

import (
	"encoding/base64"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/atomicwrite"
)

// kubeconfig has no secret in it. Strings are quoted as JSON has them, which is
// YAML, too.
const kubeconfig = `apiVersion: v1
kind: Config
clusters:
- name: api-proxy
  cluster:
    server: %s
    certificate-authority-data: %s
users:
- name: own-token
  user:
    tokenFile: %s
contexts:
- name: api-proxy
  context:
    cluster: api-proxy
    user: own-token
current-context: api-proxy
`

// WriteKubeconfig writes the kubeconfig of a server at an address, whose clients
// have their token in a file, and returns its path.
func (id *Identity) WriteKubeconfig(dir, address, tokenFile string) (path string, err error) {
	path = filepath.Join(dir, configFile)
	text := fmt.Sprintf(kubeconfig, strconv.Quote("https://"+address),
		base64.StdEncoding.EncodeToString(id.Authority), strconv.Quote(tokenFile))
	return path, atomicwrite.File(path, "", 0o644, strings.NewReader(text))
}
