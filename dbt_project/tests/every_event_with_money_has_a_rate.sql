-- A missing rate shows as null amounts in the marts and here by name: extend seeds/fx_rates.csv.
select 'order' as event, store_id, order_id as event_id, currency, paid_date as event_date
from {{ ref('fct_orders') }}
where paid_date is not null and rate_to_reporting is null
union all
select 'refund', store_id, refund_id, currency, refund_date
from {{ ref('fct_refunds') }}
where is_counted and rate_to_reporting is null
union all
select 'ad', store_id, campaign_id, currency, report_date
from {{ ref('fct_ads') }}
where spend_orig is not null and spend is null
