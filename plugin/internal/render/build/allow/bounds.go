package allow

import (
	"cmp"
	"errors"
	"time"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/regular"
	"k8s.io/apimachinery/pkg/api/resource"
)

// Memory is a number of bytes. It is written as in Kubernetes: 512Mi, 2Gi.
type Memory int64

// Duration is a time that a flag has.
type Duration time.Duration

// What the build of one overlay may use by default is far more than the largest overlay of
// this repository needs, ten times over, and little enough for the machines that build
// overlays.
const (
	DefaultMemory Memory = 1 << 30
	DefaultTime          = Duration(2 * time.Minute)
)

// tooLarge says what is wrong with the size of a configuration; "": nothing.
func tooLarge(text []byte) string {
	return regular.TooLarge(int64(len(text)), regular.LargestConfiguration)
}

// leastMemory is what this program itself needs.
const leastMemory Memory = 64 << 20

// MemoryBound is how much memory the build of one overlay may use.
func (l List) MemoryBound() Memory { return cmp.Or(l.Memory, DefaultMemory) }

// TimeBound is how long the build of one overlay may take.
func (l List) TimeBound() time.Duration { return time.Duration(cmp.Or(l.Time, DefaultTime)) }

const mebibyte Memory = 1 << 20

// String rounds up, as nobody reads the last digits.
func (m Memory) String() string {
	return resource.NewQuantity(int64((m+mebibyte-1)/mebibyte*mebibyte), resource.BinarySI).String()
}

// Set reads what a flag has.
func (m *Memory) Set(text string) error {
	quantity, err := resource.ParseQuantity(text)
	if err != nil || quantity.Value() < int64(leastMemory) {
		return errors.New("must be a size of at least " + leastMemory.String() + ", such as 512Mi or 4Gi")
	}
	*m = Memory(quantity.Value())
	return nil
}

// Type is what pflag calls it.
func (*Memory) Type() string { return "size" }

func (d Duration) String() string { return time.Duration(d).String() }

// Set reads what a flag has.
func (d *Duration) Set(text string) error {
	value, err := time.ParseDuration(text)
	if err != nil || value <= 0 {
		return errors.New("must be a time of more than 0, such as 90s or 10m")
	}
	*d = Duration(value)
	return nil
}

// Type is what pflag calls it.
func (*Duration) Type() string { return "duration" }
