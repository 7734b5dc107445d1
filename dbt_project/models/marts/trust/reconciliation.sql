-- Our figure beside the platform's own, wherever it gives one. An account that has told what is behind its total once, and tells nothing
-- for a later day, has 0 for that day: a report that stopped is a difference, not a missing row.
{%- set told_before = 'case when sum(records) over (partition by account_id, store_id order by date_day rows unbounded preceding) > 0 then 0 end' %}
with

-- What buyers paid: our sum of lines, postage and tax against the order's own total.
orders as (

    select
        store_id,
        account_id,
        paid_date as date_day,
        currency,
        sum(paid_amount_orig + other_charged_orig + gift_cards_sold_orig) as our_figure,
        sum(buyer_paid_total_orig) as platform_figure,
        count(*) as records,
        sum(case
            when abs(buyer_paid_total_orig - paid_amount_orig - other_charged_orig - gift_cards_sold_orig) > 0.01 then 1 else 0
        end) as records_differing
    from {{ ref('fct_orders') }}
    where paid_date is not null and exclude_reason is null and buyer_paid_total_orig is not null and lines > 0
    group by store_id, account_id, paid_date, currency

),

-- What advertising cost: the finest rows of each campaign against the account's own finance figure. Some campaigns have no ads
-- (Performance Max, GMV Max): their own rows stand for them.
by_campaign as (

    select
        store_id,
        account_id,
        report_date,
        campaign_id,
        max(currency) as currency,
        sum(case when entity_level = 'account' then spend_orig end) as platform_figure
        {%- for level in ['campaign', 'ad_group', 'ad'] %},
        sum(case when entity_level = '{{ level }}' then spend_orig end) as of_{{ level }}s,
        nullif(count(case when entity_level = '{{ level }}' then spend_orig end), 0) as {{ level }}s
        {%- endfor %}
    from {{ ref('fct_ads') }}
    group by store_id, account_id, report_date, campaign_id

),

spend as (

    select
        store_id,
        account_id,
        report_date as date_day,
        max(currency) as currency,
        sum(platform_figure) as platform_figure,
        sum(coalesce(of_ads, of_ad_groups, of_campaigns)) as our_figure,
        coalesce(sum(coalesce(ads, ad_groups, campaigns)), 0) as records
    from by_campaign
    group by store_id, account_id, report_date

),

-- Page views: the sources added up against the site's own total. Visitors are not compared: they never add up.
traffic as (

    select
        store_id,
        account_id,
        period_start as date_day,
        sum(case when not is_total then page_views end) as our_figure,
        sum(case when is_total then page_views end) as platform_figure,
        sum(case when not is_total then 1 else 0 end) as records
    from {{ ref('fct_traffic') }}
    where grain = 'day' and device = 'all'
    group by store_id, account_id, period_start

),

pairs as (

    select 'orders_paid_total' as subject, store_id, account_id, date_day, currency, our_figure, platform_figure, records, records_differing
    from orders

    union all

    select 'ad_spend', store_id, account_id, date_day, currency, coalesce(our_figure, {{ told_before }}), platform_figure, records, null
    from spend

    union all

    select 'page_views', store_id, account_id, date_day, null, coalesce(our_figure, {{ told_before }}), platform_figure, records, null
    from traffic

)

select
    subject,
    store_id,
    account_id,
    date_day,
    coalesce(currency, 'page views') as unit,
    cast(our_figure as decimal(18, 2)) as our_figure,
    cast(platform_figure as decimal(18, 2)) as platform_figure,
    cast(our_figure - platform_figure as decimal(18, 2)) as difference,
    {{ ratio('our_figure - platform_figure', 'platform_figure') }} as difference_rate,
    cast(case subject
        when 'orders_paid_total' then 0.01 * records
        else 0.01 * abs(platform_figure)
    end as decimal(18, 2)) as tolerance,
    abs(our_figure - platform_figure) <= case subject
        when 'orders_paid_total' then 0.01 * records
        else 0.01 * abs(platform_figure)
    end as is_within_tolerance,
    cast(records as bigint) as records,
    cast(records_differing as bigint) as records_differing
from pairs
where our_figure is not null and platform_figure is not null
