-- Both sides are bounded in time, so that the join's state stays small.
SELECT c.user_id, c.cURL AS url, p.product, p.amount, c.clicked_at, p.purchased_at
FROM purchases AS p
JOIN user_clicks AS c
  ON p.user_id = c.user_id
  AND c.clicked_at BETWEEN p.purchased_at - INTERVAL '30' SECOND AND p.purchased_at
