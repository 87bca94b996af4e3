package verify

import (
	"regexp"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// leftOut stands where something was that is nobody's business.
const leftOut = "(left out)"

const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// secretName is in the names of what holds a secret, and harmlessEnd ends those that say
// something about one. The others find secrets in texts.
var (
	secretName  = regexp.MustCompile(`(?i)(passw|secret|token|credential|api_?key|access_?key|private_?key|bearer|authorization|cookie)`)
	harmlessEnd = regexp.MustCompile(`(?i)(name|path|file|dir|policy|audiences?|audience|ttl|type|issuer|seconds|key_size|enabled?)$`)
	jwt         = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*`)
	bearer      = regexp.MustCompile(`(?i)(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}`)
	keyBlock    = regexp.MustCompile(`(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|$)`)
	assigned    = regexp.MustCompile(`(?im)^(\s*[-"']?\s*["']?[\w.-]*(?:passw(?:or)?d|secret|api[_-]?key|access[_-]?key|[_-]token)["']?\s*[:=]\s*["']?)[^\s"'{}\[\]$<>]{4,}`)
	inURL       = regexp.MustCompile(`(://[^/\s:@]+:)[^/\s@]+@`)
	inQuery     = regexp.MustCompile(`(?i)([?&][\w.-]*(?:token|key|secret|passw(?:or)?d|sig|signature)=)[^&\s"']+`)
	inJSON      = regexp.MustCompile(`(?i)("[\w.-]*(?:passw(?:or)?d|pwd|secret|token|api[_-]?key|access[_-]?key)"\s*:\s*")[^"]+`)
	inArguments = regexp.MustCompile(`(?i)(--?[\w.-]*(?:passw(?:or)?d|token|secret|api-?key)[= ]+|\s-u\s+[^\s:]+:)[^\s"']+`)
	known       = regexp.MustCompile(`\b(?:(?:AKIA|ASIA)[A-Z0-9]{16}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abps]-[\w-]{10,})`)
)

// looksSecret judges the name of a field, or the path of one: of env[NAME].value it is NAME.
func looksSecret(path string) bool {
	path = strings.TrimSuffix(path, "].value")
	last := path[strings.LastIndexAny(path, ".[")+1:]
	last = strings.TrimSuffix(last, "]")
	return secretName.MatchString(last) && !harmlessEnd.MatchString(last) && !isReference[last]
}

// isReference are fields of Kubernetes that name a Secret or ask for a token, and have none.
var isReference = map[string]bool{"secret": true, "secrets": true, "secretRef": true, "secretKeyRef": true, "imagePullSecrets": true, "serviceAccountToken": true,
	"automountServiceAccountToken": true, "tokenRequests": true}

// redactedText is a text without the tokens, keys and passwords in it.
func redactedText(text string) string {
	text = jwt.ReplaceAllString(text, leftOut)
	text = keyBlock.ReplaceAllString(text, leftOut)
	text = assigned.ReplaceAllString(text, "${1}"+leftOut)
	text = inQuery.ReplaceAllString(text, "${1}"+leftOut)
	text = inJSON.ReplaceAllString(text, "${1}"+leftOut)
	text = inArguments.ReplaceAllString(text, "${1}"+leftOut)
	text = known.ReplaceAllString(text, leftOut)
	text = bearer.ReplaceAllString(text, "$1 "+leftOut)
	return inURL.ReplaceAllString(text, "${1}"+leftOut+"@")
}

// redacted is a value without what looks like a secret: the values of environment
// variables and of fields by their names, and tokens wherever they stand.
func redacted(value any) any {
	switch value := value.(type) {
	case string:
		return redactedText(value)
	case []any:
		list := make([]any, len(value))
		for i, element := range value {
			list[i] = redacted(element)
		}
		return list
	case map[string]any:
		fields := make(map[string]any, len(value))
		variable := snapshot.Text(value, "name")
		for key, element := range value {
			if key == lastApplied { // an object in a text
				continue
			}
			text, isText := element.(string)
			switch {
			case isText && text != "" && (looksSecret(key) || key == "value" && looksSecret(variable)):
				fields[key] = leftOut
			default:
				fields[key] = redacted(element)
			}
		}
		return fields
	}
	return value
}
