"""What a market is given to charge; it is configured, so it is of the model."""

from sting.model import costs

CostModel = costs.CostModel
