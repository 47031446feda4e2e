"""A model on the network: `textkaizen serve`.

settings     what a server is asked, and what it refuses to do
live         the model in use, and the one that takes its place
deciding     the one place where a model is asked for an answer
together     requests that wait are answered together, in a thread
service      request bodies in, answers out: reply, predict, why, feedback
reading      a request's body, never more of it than is allowed
limits       how many requests a client may send
metrics      what Prometheus is told
described    the OpenAPI description: schemas and examples
guard        what holds for every request: token, rate, headers, counts
app          the routes
connection   time-outs and sizes of what comes before a route: the head of a request
speaking     decisions -> what is said
problems     what is said to a request that cannot be answered
run          sockets, signals, the end
several      workers, and who sees to it that they live

FastAPI, uvicorn and what they bring are imported by the functions that need them: they are the
extra `serve`. Bodies are read by hand, not by Pydantic: messages are ours, and it is faster.
"""
