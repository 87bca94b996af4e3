package render

import (
	"bytes"
	"fmt"
	"path/filepath"

	"sigs.k8s.io/yaml"
)

// pageOfSecrets says how a Secret is kept out of Git.
const pageOfSecrets = "https://github.com/istio-tenancy/istio-tenancy/blob/main/docs/render.md#secrets-in-what-is-rendered"

// tell warns of the Secrets that are readable in what is written: it is for Git, and
// base64 is no encryption.
func (r *run) tell(j *job, files []file) {
	for _, f := range files {
		for _, secret := range readable(f.content) {
			line := fmt.Sprintf("%s: is readable in %s: keep its values out of Git, by External Secrets or SOPS: see %s",
				secret, filepath.Join(r.Output, j.name, f.name), pageOfSecrets)
			r.mu.Lock()
			r.notes[line] = append(r.notes[line], j.arg)
			r.mu.Unlock()
		}
	}
}

// readable are the Secrets with a value that nothing has encrypted, as "Secret namespace/name".
func readable(text []byte) (found []string) {
	const kind = "\nkind: Secret\n"
	if !bytes.Contains(text, []byte(kind)) { // of ten thousand tenants, hardly one has any
		return nil
	}
	for _, document := range bytes.Split(text, []byte("\n---\n")) {
		var o struct {
			Kind     string
			Metadata struct{ Namespace, Name string }
			Data     map[string]any
			// StringData is the same without base64.
			StringData map[string]any `json:"stringData"`
			// SOPS says how the values were encrypted.
			SOPS any `json:"sops"`
		}
		if yaml.Unmarshal(document, &o) != nil || o.Kind != "Secret" || o.SOPS != nil {
			continue
		}
		if has(o.Data) || has(o.StringData) {
			found = append(found, fmt.Sprintf("Secret %s/%s", o.Metadata.Namespace, o.Metadata.Name))
		}
	}
	return found
}

func has(values map[string]any) bool {
	for _, value := range values {
		if value != nil && value != "" {
			return true
		}
	}
	return false
}
