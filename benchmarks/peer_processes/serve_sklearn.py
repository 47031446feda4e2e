"""A linear model behind a server as tutorials write it: FastAPI, Pydantic, a scikit-learn pipeline.

    python serve_sklearn.py TRAIN_CSV

Prints the port once it listens; ends with SIGTERM.
"""

import csv
import socket
import sys

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union


class Asked(BaseModel):
    text: str


class Answer(BaseModel):
    label: str
    probability: float


def fitted(path):
    """Fit the pipeline on a CSV with the columns text and label."""
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    shared = {"sublinear_tf": True, "min_df": 2}
    words = TfidfVectorizer(**shared, token_pattern=r"\w+", ngram_range=(1, 2))
    characters = TfidfVectorizer(**shared, analyzer="char_wb", ngram_range=(1, 3))
    pipeline = make_pipeline(make_union(words, characters), LogisticRegression(max_iter=100))
    return pipeline.fit([row["text"] for row in rows], [row["label"] for row in rows])


def main():
    pipeline = fitted(sys.argv[1])
    app = FastAPI()

    @app.post("/v1/reply")
    def reply(asked: Asked) -> Answer:
        probabilities = pipeline.predict_proba([asked.text])[0]
        best = probabilities.argmax()
        return Answer(label=pipeline.classes_[best], probability=probabilities[best])

    heard = socket.create_server(("127.0.0.1", 0), backlog=2048)
    print(heard.getsockname()[1], flush=True)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
    server.run(sockets=[heard])


if __name__ == "__main__":
    main()
