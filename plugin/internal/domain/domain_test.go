package domain

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestIn(t *testing.T) {
	const internet = "is a top-level domain of the Internet"
	for namespace, want := range map[string]string{
		"hr": internet, "com": internet, "io": internet, "dev": internet, "it": internet, "qa": internet,
		"shop": internet, "finance": internet, "global": internet, "org": internet,
		// Internationalized ones, as DNS writes them.
		"xn--p1ai": internet, "xn--fiqs8s": internet, "xn--90ais": internet, "xn--mgba3a4f16a": internet,
		// The list has only *.np, and so on.
		"np": internet, "ck": internet, "bd": internet, "mm": internet, "jm": internet, "kh": internet,

		"svc": cluster, "pod": cluster, "cluster": cluster,
		"local": reserved, "test": reserved, "example": reserved, "invalid": reserved, "localhost": reserved,
		"onion": reserved, "alt": reserved, "arpa": reserved,
		"internal": private, "corp": private, "home": private, "mail": private, "intranet": private, "lan": private,
		"private": private, "localdomain": private, "consul": private, "localdomain4": private, "localdomain6": private,
		"novalocal": private, "openstacklocal": private, "lxd": private, "podman": private, "multipass": private,

		// Private parts of the list are no top-level domains.
		"github": "", "blogspot": "", "co": internet,
		"ns-0": "", "ns-1": "", "sales": "", "payroll": "", "istio-system": "", "istio-system1": "", "istio-hr": "",
		"hr-apps": "", "com-1": "", "www": "", "default": "", "x": "", "": "", "xn--nothing-here": "",
	} {
		require.Equal(t, want, In(namespace), namespace)
	}
}
