package loadgen_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/lab99/lab99/loadgen"
)

func ExampleRun() {
	target := httptest.NewServer(http.NotFoundHandler())
	defer target.Close()

	result, err := loadgen.Run(context.Background(), loadgen.Config{
		URL:         target.URL,
		Connections: 8,
		Profile:     loadgen.Ramp(100, 900, 200*time.Millisecond),
		Duration:    200 * time.Millisecond,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("scheduled", result.Scheduled, "ok", result.OK, "causes", result.Causes)
	// Output: scheduled 100 ok 0 causes map[status 4xx:100]
}
