{#- A payment with one of the shop's own gift cards is a transaction with the gateway `gift_card`. -#}
with

paid as (
    select
        latest.account_id,
        latest.record_key,
        latest.load_id,
        {{ array_sum('latest.record.transactions', 'entry',
            "case when entry.gateway = 'gift_card' and entry.kind in ('SALE', 'CAPTURE') and entry.status = 'SUCCESS'"
            ~ " and coalesce(entry.test, 'false') <> 'true' then " ~ money('entry.amountSet.shopMoney.amount') ~ ' end') }} as amount
    from {{ ref('base_shopify__orders') }} as latest
)

select
    'shopify' as platform,
    paid.account_id,
    account.store_id,
    paid.record_key as order_id,
    cast(paid.amount as decimal(18, 4)) as paid_by_gift_card,
    paid.load_id
from paid
left join {{ source('raw_daybook', 'accounts') }} as account
    on paid.account_id = account.account_id
where paid.amount > 0
