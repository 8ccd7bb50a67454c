//go:build soak

package loadgen

import "testing"

// epollOnly are the tests of what the portable engine does not claim: pinning,
// polling, naps and their stamps, and to know after a pause what came in it. Connections
// that are held are of neither engine.
const epollOnly = "^(TestLoopsArePinned|TestRequestsAllocateNothing|TestPpoll.*|Test.*Nap.*|" +
	"TestAnswersThatCameDuringAPause.*|Test.*Held.*|Test.*Hold.*|Fuzz.*)$"

// TestSoakPortableEngine runs all tests of this package but those once more.
func TestSoakPortableEngine(t *testing.T) { withPortableEngine(t, "-test.skip", epollOnly) }
