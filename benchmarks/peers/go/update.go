// A typical Go program: the same CSV, a number of goroutines, the SDK's own retries.
//
// Usage: update TARGETS ENDPOINT_URL GOROUTINES
//
// It is meant to be a good program: one client for each Region, a connection that stays open for
// each goroutine, one writer. It prints a line of JSON for each target and fails if one failed.
// AWS_CA_BUNDLE names the file of the certificate authority, as with every SDK.
package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

type outcome struct {
	FunctionName string `json:"function_name"`
	AccountID    string `json:"account_id"`
	Region       string `json:"region"`
	Status       string `json:"status"`
	Error        string `json:"error,omitempty"`
	Time         string `json:"time"`
}

func main() {
	targets, endpoint := os.Args[1], os.Args[2]
	goroutines, err := strconv.Atoi(os.Args[3])
	check(err)
	httpClient := awshttp.NewBuildableClient().WithTransportOptions(func(transport *http.Transport) {
		transport.MaxIdleConns = goroutines
		transport.MaxIdleConnsPerHost = goroutines
	})
	configuration, err := config.LoadDefaultConfig(
		context.Background(),
		config.WithRegion("us-east-1"),
		config.WithHTTPClient(httpClient),
	)
	check(err)
	if !updateAll(targets, endpoint, goroutines, configuration) {
		os.Exit(1)
	}
}

// updateAll updates the targets of a file and reports whether all were updated.
func updateAll(targets, endpoint string, goroutines int, configuration aws.Config) bool {
	rows := make(chan map[string]string, goroutines)
	outcomes := make(chan outcome, goroutines)
	go read(targets, rows)
	clients := &clients{configuration: configuration, endpoint: endpoint, byRegion: map[string]*lambda.Client{}}
	var workers sync.WaitGroup
	for i := 0; i < goroutines; i++ {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for row := range rows {
				outcomes <- update(clients.of(row["Region"]), row)
			}
		}()
	}
	go func() {
		workers.Wait()
		close(outcomes)
	}()
	return write(outcomes)
}

// read sends the rows of a CSV file with a header.
func read(path string, rows chan<- map[string]string) {
	file, err := os.Open(path)
	check(err)
	defer file.Close()
	reader := csv.NewReader(bufio.NewReader(file))
	names, err := reader.Read()
	check(err)
	for {
		cells, err := reader.Read()
		if err == io.EOF {
			close(rows)
			return
		}
		check(err)
		row := make(map[string]string, len(names))
		for i, name := range names {
			row[name] = cells[i]
		}
		rows <- row
	}
}

// clients holds a client for each Region.
type clients struct {
	lock          sync.Mutex
	configuration aws.Config
	endpoint      string
	byRegion      map[string]*lambda.Client
}

func (all *clients) of(region string) *lambda.Client {
	all.lock.Lock()
	defer all.lock.Unlock()
	client, found := all.byRegion[region]
	if !found {
		client = lambda.NewFromConfig(all.configuration, func(options *lambda.Options) {
			options.Region = region
			options.EndpointResolver = lambda.EndpointResolverFromURL(all.endpoint)
		})
		all.byRegion[region] = client
	}
	return client
}

func update(client *lambda.Client, row map[string]string) outcome {
	result := outcome{FunctionName: row["FunctionName"], AccountID: row["AccountId"], Region: row["Region"], Status: "updated"}
	_, err := client.UpdateFunctionEventInvokeConfig(context.Background(), &lambda.UpdateFunctionEventInvokeConfigInput{
		FunctionName:             aws.String(row["FunctionName"]),
		MaximumRetryAttempts:     aws.Int32(number(row["MaximumRetryAttempts"])),
		MaximumEventAgeInSeconds: aws.Int32(number(row["MaximumEventAgeInSeconds"])),
	})
	if err != nil {
		result.Status, result.Error = "failed", err.Error()
	}
	result.Time = time.Now().UTC().Format(time.RFC3339Nano)
	return result
}

func number(text string) int32 {
	value, err := strconv.ParseInt(text, 10, 32)
	check(err)
	return int32(value)
}

// write prints the outcomes as JSON lines and reports whether all targets were updated.
func write(outcomes <-chan outcome) bool {
	buffer := bufio.NewWriter(os.Stdout)
	defer buffer.Flush()
	lines := json.NewEncoder(buffer)
	ok := true
	for each := range outcomes {
		check(lines.Encode(each))
		ok = ok && each.Status == "updated"
	}
	return ok
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
