-- The day from which ALL counts each store: the first of its loaded history. Of the days before, only those orders are known that changed
-- later. They are in the store's own days, which count as not loaded. One row per store with orders.
select store_id, max(history_from) as first_day
from {{ ref('int_store_calendar') }}
where store_id <> 'ALL' and history_from is not null
group by store_id
