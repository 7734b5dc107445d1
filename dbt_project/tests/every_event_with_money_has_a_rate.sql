-- A missing rate shows as null amounts in the marts, and here by currency and date: drop the rates into data/inbox/fx_rates/ and
-- build again (docs/operations.md). `when_a_rate_is_missing: publish` lets the night go out with those nulls.
{{ config(severity='warn' if var('when_a_rate_is_missing') == 'publish' else 'error') }}
{%- set missing -%}
    select
        currency,
        event_date,
        event,
        count(*) as events,
        min(store_id) as store_id,
        min(event_id) as example
    from (
        select 'order' as event, store_id, order_id as event_id, currency, paid_date as event_date
        from {{ ref('fct_orders') }}
        where paid_date is not null and rate_to_reporting is null
        union all
        select 'refund', store_id, refund_id, currency, refund_date
        from {{ ref('fct_refunds') }}
        where is_counted and rate_to_reporting is null
        union all
        select 'ad row', store_id, campaign_id, currency, report_date
        from {{ ref('fct_ads') }}
        where spend_orig is not null and spend is null
    ) as unrated
    group by currency, event_date, event
{%- endset -%}

{%- if execute and flags.WHICH in ('build', 'test') -%}
    {%- for row in run_query(missing ~ ' order by currency, event_date, event limit 20').rows -%}
        {{- log('No rate of ' ~ (row[0] or 'a currency that is not named') ~ ' on ' ~ row[1] ~ ': ' ~ row[3] ~ ' ' ~ row[2] ~ '(s), for example '
            ~ row[5] ~ ' of ' ~ row[4] ~ '. Drop currency,rate_date,units_per_usd into data/inbox/fx_rates/ and build again.', info=True) -}}
    {%- endfor -%}
{%- endif -%}

{{ missing }}
