{#-
  What Amazon took, by the transactions that tell fees of its own: of orders, of refunds (it gives some back), of storing and of selling at
  all. A fee holds its tax, which stands two levels below. The items tell their parts; where none does, the transaction's sums do. What is
  taken for ads is told as spend by Amazon Ads, and a label for a parcel is none of its fees.
-#}
{%- set amount = money('part.breakdownAmount.currencyAmount') -%}
{%- set is_fee = amazon_breakdown() ~ " = 'amazonfees'" -%}
{%- set tax = array_told_sum('part.breakdowns', 'fee', array_told_sum('fee.breakdowns', 'share',
    'case when ' ~ amazon_breakdown('share') ~ " = 'tax' then " ~ money('share.breakdownAmount.currencyAmount') ~ ' end')) -%}
{%- set of_items = {} -%}
{%- for name, part in {'fees': amount, 'taxes': tax}.items() -%}
    {%- do of_items.update({name: array_told_sum('latest.record.items', 'item', array_told_sum('item.breakdowns', 'part',
        'case when ' ~ is_fee ~ ' then ' ~ part ~ ' end'))}) -%}
{%- endfor -%}
{%- set is_sum = " in ('amazonfees', 'servicefees', 'servicesfees')" -%}
{%- set of_sums = array_told_sum('latest.record.breakdowns', 'part', 'case when ' ~ amazon_breakdown() ~ is_sum ~ ' then ' ~ amount
    ~ ' else ' ~ array_told_sum('part.breakdowns', 'below', 'case when ' ~ amazon_breakdown('below') ~ is_sum ~ ' then '
    ~ money('below.breakdownAmount.currencyAmount') ~ ' end') ~ ' end') -%}

with

posted as (
    select
        account_id,
        record_key as settlement_id,
        load_id,
        lower(coalesce(latest.record.transactionType, '')) as kind,
        lower(coalesce(latest.record.description, '')) as why,
        {{ parse_instant('latest.record.postedDate') }} as settled_at,
        latest.record.totalAmount.currencyCode as currency,
        {{ element_of('latest.record.relatedIdentifiers', 'relatedIdentifierName', 'ORDER_ID', 'relatedIdentifierValue') }} as order_id,
        {# A deferred transaction comes a second time when it is released. #}
        {{ element_of('latest.record.relatedIdentifiers', 'relatedIdentifierName', 'DEFERRED_TRANSACTION_ID', 'relatedIdentifierValue') }}
            as release_of,
        coalesce({{ of_items['fees'] }}, {{ of_sums }}) as fees,
        coalesce({{ of_items['taxes'] }}, 0) as taxes
    from {{ ref('base_amazon__settlements') }} as latest
),

told as (
    select
        posted.*,
        account.store_id,
        account.currency as account_currency,
        {# What names no marketplace is read by each account of the seller: it counts in one store, of its currency if there is one. #}
        first_value(account.store_id) over (
            partition by posted.settlement_id
            order by case when posted.currency = account.currency then 0 else 1 end, account.store_id
        ) as counted_in
    from posted
    left join {{ source('raw_daybook', 'accounts') }} as account
        on posted.account_id = account.account_id
)

select
    'amazon' as platform,
    account_id,
    store_id,
    settlement_id,
    nullif(order_id, '') as order_id,
    settled_at,
    {{ null_as('decimal(18, 4)') }} as affiliate_commission,
    cast(taxes - fees as decimal(18, 4)) as fees_platform,
    coalesce(nullif(currency, ''), account_currency) as currency,
    load_id
from told
where fees is not null
    and release_of is null
    and store_id = counted_in
    and kind not like '%ads%'
    and why not like 'mfnpostage%'
